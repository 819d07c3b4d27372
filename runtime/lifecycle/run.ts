import { blockSignals } from "syscalls/libc/poll.ts";
import { setChildSubreaper, type WaitStatus } from "syscalls/libc/process.ts";
import { StateError } from "runtime/base/errors.ts";
import { BLOCKED_SIGNALS } from "runtime/host/info_block.ts";
import { processInfo } from "runtime/host/process_info.ts";
import { exitStatus, waitForeground } from "runtime/launch/wait.ts";
import { lockContainer } from "runtime/state/lock.ts";
import { createContainer, type CreateOptions } from "./create.ts";
import type { CreatedContainer } from "./created.ts";
import type { Context } from "./context.ts";
import { destroy, destroyEnded } from "./delete.ts";
import { startCreated } from "./start.ts";

export interface RunOptions extends CreateOptions {
  /** Return as soon as the program runs. */
  readonly detach: boolean;
  /** Leave the stopped container there, for delete. */
  readonly keep: boolean;
  /** Do not adopt the container's orphans. */
  readonly noSubreaper: boolean;
}

/** Creates and starts a container; in the foreground waits for its end, and takes it away. */
export function run(context: Context, options: RunOptions): number {
  if (!options.detach) becomeParent(options);
  const created = createContainer(context, options);
  return runCreated(created, options);
}

/** Gets ready to be the container's parent: its signals are ours to pass on, its orphans ours to reap. */
export function becomeParent({ noSubreaper }: Pick<RunOptions, "noSubreaper">): void {
  if (!noSubreaper) setChildSubreaper();
  if (!processInfo().signalsBlocked) blockSignals(BLOCKED_SIGNALS);
}

/** Runs what was created to its end. */
export function runCreated(
  created: CreatedContainer,
  { detach, keep }: Pick<RunOptions, "detach" | "keep">,
): number {
  {
    using container = created;
    try {
      startCreated(container.paths);
    } catch (cause) {
      destroyAfter(container, cause);
    }
  }
  if (detach) return 0;
  const status = waitForeground(created.init, BLOCKED_SIGNALS);
  if (!keep) removeEnded(created);
  return exitStatus(status satisfies WaitStatus);
}

function destroyAfter({ record, paths }: CreatedContainer, cause: unknown): never {
  try {
    destroy(record, paths);
  } catch (second) {
    throw new SuppressedError(second, cause);
  }
  throw cause;
}

/** Takes the container away, unless somebody else has done it while it ran. */
function removeEnded({ record, paths }: CreatedContainer): void {
  using lock = lockUnlessDeleted(paths.dir);
  if (lock !== null) destroyEnded(record, paths);
}

function lockUnlessDeleted(dir: string): Disposable | null {
  try {
    return lockContainer(dir);
  } catch (cause) {
    if (cause instanceof StateError) return null;
    throw cause;
  }
}
