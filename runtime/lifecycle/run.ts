import { type Pid, pid } from "syscalls/abi/brand.ts";
import { openPidfd } from "syscalls/libc/process.ts";
import type { NotifyProxy } from "runtime/launch/notify_proxy.ts";
import type { WaitStatus } from "syscalls/libc/process.ts";
import { exitStatus } from "runtime/launch/wait.ts";
import { lockUnlessDeleted } from "runtime/state/lock.ts";
import { createContainer, type CreateOptions } from "./create.ts";
import type { CreatedContainer, StartableContainer } from "./created.ts";
import type { Context } from "./context.ts";
import { destroyAfter, destroyEnded } from "./delete.ts";
import { attend, becomeParent } from "./foreground.ts";
import { HookError } from "./hook_error.ts";
import { awaitReady, listenForReady } from "./notify.ts";
import { recordExit } from "./record_exit.ts";
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
  const { init, manager, paths } = created;
  // In the foreground this process is the service, whose end the manager waits for.
  const mainPid = detach ? init : pid(Deno.pid);
  using notify = manager === null ? null : listenForReady(context, { manager, paths, mainPid });
  {
    using container = created;
    try {
      await startCreated(context, container, () => executeCreated(container.paths));
    } catch (cause) {
      if (cause instanceof HookError) throw cause;
      await destroyAfter(context, container, cause);
    }
  }
  if (detach) {
    if (notify !== null) awaitChild(context, notify, init);
    return 0;
  }
  const status = attend(init, attended, notify);
  if (keep) noteEnded(created, status);
  else await removeEnded(context, created);
  return exitStatus(status);
}

function awaitChild(context: Context, notify: NotifyProxy, init: Pid): void {
  using pidfd = openPidfd(init);
  awaitReady(context, notify, pidfd.fd);
}

/** Takes the container away, unless somebody else has done it while it ran. */
export async function removeEnded(
  context: Context,
  { record, paths }: StartableContainer,
): Promise<void> {
  using lock = lockUnlessDeleted(paths.dir);
  if (lock !== null) await destroyEnded(context, record, paths);
}

function noteEnded({ record, paths }: CreatedContainer, status: WaitStatus): void {
  using lock = lockUnlessDeleted(paths.dir);
  if (lock !== null) recordExit(record, paths, status);
}
