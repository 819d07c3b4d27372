import type { Pid } from "syscalls/abi/brand.ts";
import { ERRNO } from "syscalls/abi/errno.ts";
import { POLL } from "syscalls/abi/poll.ts";
import { SIGNALS } from "syscalls/abi/signal.ts";
import { SyscallError } from "syscalls/abi/syscall_error.ts";
import type { OwnedFd } from "syscalls/libc/owned_fd.ts";
import { poll } from "syscalls/libc/poll.ts";
import { openPidfd, signalPidfd } from "syscalls/libc/process.ts";
import { StateError } from "runtime/base/errors.ts";

/** How long processes may take to be found, and then to end, in milliseconds. */
const PATIENCE = 5000;

/**
 * Ends processes that are found by who started whom alone, and returns when they have ended. All are stopped before the first is
 * killed: what is stopped neither starts another nor ends, and whose parent has ended is not found any more. A number may have
 * become somebody else's meanwhile, so each is looked for again behind a descriptor that is of one process only.
 *
 * @param members those that there are now
 * @throws {StateError} naming the processes that SIGKILL has not ended after 5 s
 */
export function killFamily(members: () => readonly Pid[]): void {
  using held = new DisposableStack();
  const known = new Map<Pid, OwnedFd>();
  try {
    stopAll(members, known, held);
  } finally {
    for (const pidfd of known.values()) signal(pidfd, SIGNALS.SIGKILL);
  }
  const end = performance.now() + PATIENCE;
  const left = [...known].filter(([, pidfd]) => !endsBefore(pidfd, end)).map(([pid]) => pid);
  if (left.length > 0) {
    throw new StateError(`Cannot kill process(es) ${left.join(", ")}: still there after 5 s`);
  }
}

function stopAll(
  members: () => readonly Pid[],
  known: Map<Pid, OwnedFd>,
  held: DisposableStack,
): void {
  const end = performance.now() + PATIENCE;
  while (performance.now() < end) {
    const opened = members().filter((pid) => !known.has(pid)).flatMap((pid) => {
      const pidfd = tryPidfd(pid);
      return pidfd === null ? [] : [{ pid, pidfd: held.use(pidfd) }];
    });
    if (opened.length === 0) return;
    const still = new Set(members());
    for (const { pid, pidfd } of opened) {
      if (!still.has(pid)) continue;
      signal(pidfd, SIGNALS.SIGSTOP);
      known.set(pid, pidfd);
    }
  }
}

/** Null for a process that has ended. */
function tryPidfd(process: Pid): OwnedFd | null {
  try {
    return openPidfd(process);
  } catch (cause) {
    if (hasEnded(cause)) return null;
    throw cause;
  }
}

function signal(pidfd: OwnedFd, number: number): void {
  try {
    signalPidfd(pidfd.fd, number);
  } catch (cause) {
    if (!hasEnded(cause)) throw cause;
  }
}

function hasEnded(cause: unknown): boolean {
  return cause instanceof SyscallError && cause.errno === ERRNO.ESRCH;
}

function endsBefore(pidfd: OwnedFd, end: number): boolean {
  const milliseconds = Math.max(0, Math.ceil(end - performance.now()));
  return poll([{ fd: pidfd.fd, events: Number(POLL.of("POLLIN")) }], milliseconds)[0] !== 0;
}
