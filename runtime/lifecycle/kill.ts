import { pid } from "syscalls/abi/brand.ts";
import { ERRNO } from "syscalls/abi/errno.ts";
import { signalNumber, SIGNALS, SIGRTMAX } from "syscalls/abi/signal.ts";
import { SyscallError } from "syscalls/abi/syscall_error.ts";
import { openPidfd, signalPidfd } from "syscalls/libc/process.ts";
import { StateError, UsageError } from "runtime/base/errors.ts";
import { thaw, thawBelow } from "runtime/cgroups/freeze.ts";
import { killAll } from "runtime/cgroups/kill.ts";
import { leadsItsNamespace } from "runtime/cgroups/leads_namespace.ts";
import { isAlive } from "runtime/state/status.ts";
import { assertAllowed } from "runtime/state/verbs.ts";
import type { Context } from "./context.ts";
import { openContainer } from "./open.ts";

export interface KillOptions {
  /** A number, or a name with or without SIG, in any case. */
  readonly signal: string;
  /** Every process of the container, and no error when it has stopped. */
  readonly all: boolean;
}

/** Sends a signal to the container's init, or to all of its processes. */
export function kill(context: Context, id: string, { signal, all }: KillOptions): void {
  const number = parseSignal(signal);
  if (number === undefined) {
    throw new UsageError(
      `unknown signal ${
        JSON.stringify(signal)
      }; hint: a number from 0 to 64, or a name as in kill -l`,
    );
  }
  using container = openContainer(context, id);
  const { status, cgroup, record } = container;
  // On version 1 nobody dies who is frozen, and no init before those in its pid namespace.
  const wake = (): void => {
    if (number !== SIGNALS.SIGKILL) return;
    if (status === "paused") thaw(record.cgroups);
    thawBelow(record.cgroups);
  };
  if (all) {
    wake();
    return killAll(cgroup, number);
  }
  // Without a pid namespace of the container's own, others may have outlived its init.
  if (status === "stopped" && number === SIGNALS.SIGKILL && cgroup.pids().length > 0) {
    return killAll(cgroup, number);
  }
  assertAllowed("kill", id, status);
  const init = pid(record.pid);
  // Only the end of a pid namespace's first process takes the others with it.
  const everybody = number === SIGNALS.SIGKILL && !leadsItsNamespace(init);
  // Once it has ended nobody knows which processes are of a container without cgroups.
  if (everybody && record.cgroups.length === 0) return killAll(cgroup, number);
  try {
    using pidfd = openPidfd(init);
    // The pidfd is of whoever has that pid now: only the start time says that it is still the container's init.
    if (!isAlive(record)) throw new StateError("container not running");
    signalPidfd(pidfd.fd, number);
    wake();
  } catch (cause) {
    if (cause instanceof SyscallError && cause.errno === ERRNO.ESRCH) {
      throw new StateError("container not running", { cause });
    }
    throw cause;
  }
  if (everybody) killAll(cgroup, number);
}

function parseSignal(text: string): number | undefined {
  if (!/^\d+$/.test(text)) return signalNumber(text);
  const number = Number(text);
  return number <= SIGRTMAX ? number : undefined;
}
