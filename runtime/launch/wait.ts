import type { Fd, Pid } from "syscalls/abi/brand.ts";
import { POLL } from "syscalls/abi/poll.ts";
import { SIGNALS } from "syscalls/abi/signal.ts";
import { bestEffort } from "syscalls/libc/call.ts";
import { poll, readSignal, signalFd } from "syscalls/libc/poll.ts";
import {
  openPidfd,
  reapAny,
  signalPidfd,
  waitPid,
  type WaitStatus,
} from "syscalls/libc/process.ts";

/** Signals that are the runtime's own business: children, the window, and what the engine or the kernel uses for itself. */
const NOT_FORWARDED: readonly number[] = [SIGNALS.SIGCHLD, SIGNALS.SIGURG, SIGNALS.SIGWINCH];

/**
 * Waits for the container's init as a foreground command does: signals that the runtime gets go to the init, and every
 * orphan that the runtime inherits as a subreaper is reaped.
 *
 * @param blocked the signals that are blocked in every thread, and so arrive here and nowhere else
 */
export function waitForeground(init: Pid, blocked: bigint): WaitStatus {
  using signals = signalFd(blocked);
  using pidfd = openPidfd(init);
  for (;;) {
    const [ended, signaled] = poll([
      { fd: pidfd.fd, events: Number(POLL.of("POLLIN")) },
      { fd: signals.fd, events: Number(POLL.of("POLLIN")) },
    ], -1);
    if (ended !== undefined && ended !== 0) {
      const status = waitPid(init, { block: true });
      if (status !== null) return status;
    }
    if (signaled !== undefined && signaled !== 0) {
      const status = handleSignals(signals.fd, pidfd.fd, init);
      if (status !== null) return status;
    }
  }
}

/** Forwards what came; gives the init's status when reaping met its end. */
function handleSignals(signals: Fd, pidfd: Fd, init: Pid): WaitStatus | null {
  for (let got = readSignal(signals); got !== null; got = readSignal(signals)) {
    if (got.signal === SIGNALS.SIGCHLD) {
      const status = reapOrphans(init);
      if (status !== null) return status;
    } else if (!NOT_FORWARDED.includes(got.signal)) {
      const { signal } = got;
      bestEffort("the init may just have ended", () => signalPidfd(pidfd, signal));
    }
  }
  return null;
}

function reapOrphans(init: Pid): WaitStatus | null {
  for (let child = reapAny(); child !== null; child = reapAny()) {
    if (child.pid === init) return child.status;
  }
  return null;
}

/** The exit status that a shell would see. */
export function exitStatus(status: WaitStatus): number {
  return status.kind === "exited" ? status.code : 128 + status.signal;
}
