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
import type { NotifyProxy } from "./notify_proxy.ts";
import type { Relay } from "./relay.ts";

/** Signals that the engine or the kernel uses for itself. */
const NOT_FORWARDED: readonly number[] = [SIGNALS.SIGURG];

/** What a foreground command does beside waiting: a terminal's traffic. */
export interface Attended {
  readonly relay: Relay;
  /** The window that the command runs in has another size. */
  readonly resized: () => void;
}

/**
 * Waits for a process as a foreground command does: signals that the runtime gets go to it, and every orphan that the
 * runtime inherits as a subreaper is reaped.
 *
 * @param blocked the signals that are blocked in every thread, and so arrive here and nowhere else
 * @param attended null for a process that has the command's own standard input, output and error
 * @param notify what a container says to a service manager; null where there is none
 */
export function waitForeground(
  init: Pid,
  blocked: bigint,
  attended: Attended | null = null,
  notify: NotifyProxy | null = null,
): WaitStatus {
  using signals = signalFd(blocked);
  using pidfd = openPidfd(init);
  const watch: Watch = { init, signals: signals.fd, pidfd: pidfd.fd, attended };
  for (;;) {
    const relayed = attended === null ? [] : attended.relay.entries();
    const [ended, signaled, ...moved] = poll([
      { fd: pidfd.fd, events: READABLE },
      { fd: signals.fd, events: READABLE },
      ...relayed,
      ...notify === null ? [] : [notify.entry],
    ], -1);
    if (notify !== null && moved.pop() !== 0) {
      bestEffort("the manager may be gone", () => notify.serve());
    }
    if (moved.some((events) => events !== 0)) attended?.relay.move();
    let status: WaitStatus | null = null;
    if (ended !== undefined && ended !== 0) status = waitPid(init, { block: true });
    else if (signaled !== undefined && signaled !== 0) status = handleSignals(watch);
    if (status === null) continue;
    attended?.relay.drain();
    return status;
  }
}

const READABLE = Number(POLL.of("POLLIN"));

interface Watch {
  readonly init: Pid;
  readonly signals: Fd;
  readonly pidfd: Fd;
  readonly attended: Attended | null;
}

/** Forwards what came; gives the init's status when reaping met its end. */
function handleSignals({ init, signals, pidfd, attended }: Watch): WaitStatus | null {
  for (let got = readSignal(signals); got !== null; got = readSignal(signals)) {
    const { signal } = got;
    if (signal === SIGNALS.SIGCHLD) {
      const status = reapOrphans(init);
      if (status !== null) return status;
    } else if (signal === SIGNALS.SIGWINCH) {
      attended?.resized();
    } else if (!NOT_FORWARDED.includes(signal)) {
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
