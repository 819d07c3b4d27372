import { type Fd, pid } from "syscalls/abi/brand.ts";
import { POLL } from "syscalls/abi/poll.ts";
import { poll, setSignalMask } from "syscalls/libc/poll.ts";
import { openPidfd, reapedStatus, type WaitStatus, waitStatus } from "syscalls/libc/process.ts";
import { StateError } from "runtime/base/errors.ts";
import { processInfo } from "runtime/host/process_info.ts";
import { exitStatus } from "runtime/launch/wait.ts";
import { readExit } from "runtime/state/exit.ts";
import { lockContainer } from "runtime/state/lock.ts";
import { isAlive, readProcess } from "runtime/state/status.ts";
import type { Context } from "./context.ts";
import { inspectContainer, type InspectedContainer } from "./inspect.ts";
import { recordExit } from "./record_exit.ts";

/**
 * Waits for the end of a container.
 *
 * @returns the exit status that a shell would see
 * @throws {StateError} when it has ended and nobody knows how
 */
export function waitForContainer(context: Context, id: string): number {
  const container = inspectContainer(context, id);
  const known = container.status === "stopped" ? readExit(container.paths) : null;
  if (known !== null) return known.status;
  const status = endOf(container) ?? unknown(container);
  keep(container, status);
  return exitStatus(status);
}

/** How the init ended, once it has; null when that can no longer be told. */
function endOf({ record, status }: InspectedContainer): WaitStatus | null {
  const init = pid(record.pid);
  if (status === "stopped") return unreapedStatus(record);
  using pidfd = openPidfd(init);
  // The pidfd is of whoever has that pid now: only the start time says that it is the container's init.
  if (!isAlive(record)) return unreapedStatus(record);
  const { signalMask } = processInfo();
  if (signalMask !== null) setSignalMask(signalMask);
  poll([{ fd: pidfd.fd, events: Number(POLL.of("POLLIN")) }], -1);
  return endOfInit(record, pidfd.fd);
}

/** How the process behind a pidfd, which has ended, did so; null when that can no longer be told. */
export function endOfInit(record: InspectedContainer["record"], pidfd: Fd): WaitStatus | null {
  return unreapedStatus(record) ?? reapedStatus(pidfd);
}

/** A process that its parent has not reaped yet still shows its status. */
function unreapedStatus(
  { pid, startTime }: InspectedContainer["record"],
): WaitStatus | null {
  const process = readProcess(pid);
  if (process === null || process.startTime !== startTime || process.state !== "Z") return null;
  return waitStatus(process.exitCode);
}

function unknown({ paths }: InspectedContainer): WaitStatus {
  const known = readExit(paths);
  if (known !== null) {
    const { status, signal } = known;
    return signal === null
      ? { kind: "exited", code: status }
      : { kind: "signaled", signal, core: false };
  }
  throw new StateError(
    "Cannot tell exit status: the container has ended before, and its parent has taken the status; " +
      "hint: wait for it while it runs (Linux 6.15 keeps the status for others than the parent)",
  );
}

/** Another command may have deleted the container meanwhile. */
function keep({ record, paths }: InspectedContainer, status: WaitStatus): void {
  try {
    using _lock = lockContainer(paths.dir);
    recordExit(record, paths, status);
  } catch (cause) {
    if (!(cause instanceof StateError)) throw cause;
  }
}
