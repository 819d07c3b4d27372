import { lockUnlessDeleted } from "runtime/state/lock.ts";
import { createContainer, type CreateOptions } from "./create.ts";
import type { CreatedContainer } from "./created.ts";
import type { Context } from "./context.ts";
import { destroyAfter, destroyEnded } from "./delete.ts";
import { attend, becomeParent } from "./foreground.ts";
import { HookError } from "./hook_error.ts";
import { executeCreated, startCreated } from "./start.ts";
import { type ForegroundTerminal, foregroundTerminal } from "./terminal.ts";

export interface RunOptions extends CreateOptions {
  /** Return as soon as the program runs. */
  readonly detach: boolean;
  /** Leave the stopped container there, for delete. */
  readonly keep: boolean;
  /** Do not adopt the container's orphans. */
  readonly noSubreaper: boolean;
}

/** Creates and starts a container; in the foreground waits for its end, and takes it away. */
export async function run(context: Context, options: RunOptions): Promise<number> {
  if (options.detach) {
    return await runCreated(context, await createContainer(context, options, null), options);
  }
  becomeParent(options);
  using stack = new DisposableStack();
  let terminal: ForegroundTerminal | null = null;
  const created = await createContainer(context, options, (size) => {
    terminal = stack.use(foregroundTerminal(size));
    return terminal;
  });
  return await runCreated(context, created, options, terminal);
}

/** Runs what was created to its end. */
export async function runCreated(
  context: Context,
  created: CreatedContainer,
  { detach, keep }: Pick<RunOptions, "detach" | "keep">,
  terminal: ForegroundTerminal | null = null,
): Promise<number> {
  const attended = terminal?.attend() ?? null;
  {
    using container = created;
    try {
      await startCreated(context, container, () => executeCreated(container.paths));
    } catch (cause) {
      if (cause instanceof HookError) throw cause;
      await destroyAfter(context, container, cause);
    }
  }
  if (detach) return 0;
  const status = attend(created.init, attended);
  if (!keep) await removeEnded(context, created);
  return status;
}

/** Takes the container away, unless somebody else has done it while it ran. */
async function removeEnded(context: Context, { record, paths }: CreatedContainer): Promise<void> {
  using lock = lockUnlessDeleted(paths.dir);
  if (lock !== null) await destroyEnded(context, record, paths);
}
