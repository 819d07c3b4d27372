import { booleanFlag, type Flag, type Invocation, positional } from "runtime/base/command.ts";
import { forMatching } from "runtime/lifecycle/matching.ts";

/** crun's way to name many containers at once. */
export const REGEX_FLAG: Flag = {
  name: "regex",
  short: "r",
  type: "boolean",
  help: "the id is a regular expression, for all containers that it fits",
};

/** Does something to the container that was named, or to all that fit. */
export async function forEachNamed(
  invocation: Invocation,
  action: (id: string) => void | Promise<void>,
): Promise<void> {
  const named = positional(invocation, 0);
  if (!booleanFlag(invocation, "regex")) return await action(named);
  await forMatching(invocation.context, named, action);
}
