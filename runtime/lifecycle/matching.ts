import { UsageError } from "runtime/base/errors.ts";
import { failureOf } from "runtime/base/failure.ts";
import { listIds } from "runtime/state/store.ts";
import type { Context } from "./context.ts";

/**
 * Does something to each container whose id a regular expression finds something in, as crun has it. A failure keeps none of
 * the others from their turn.
 *
 * @throws {UsageError} when it is no regular expression
 * @throws the last failure; those before it are logged
 */
export async function forMatching(
  context: Context,
  pattern: string,
  action: (id: string) => void | Promise<void>,
): Promise<void> {
  const expression = parsePattern(pattern);
  const failures: unknown[] = [];
  for (const id of (listIds(context.root) ?? []).filter((id) => expression.test(id))) {
    try {
      await action(id);
    } catch (cause) {
      failures.push(cause);
    }
  }
  const last = failures.pop();
  for (const failure of failures) context.log.log("error", failureOf(failure).text);
  if (last !== undefined) throw last;
}

function parsePattern(pattern: string): RegExp {
  try {
    return new RegExp(pattern);
  } catch (cause) {
    throw new UsageError(
      `Cannot use ${JSON.stringify(pattern)}: it is no regular expression`,
      { cause },
    );
  }
}
