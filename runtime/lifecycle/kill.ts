import { pid } from "syscalls/abi/brand.ts";
import { ERRNO } from "syscalls/abi/errno.ts";
import { signalNumber } from "syscalls/abi/signal.ts";
import { SyscallError } from "syscalls/abi/syscall_error.ts";
import { openPidfd, signalPidfd } from "syscalls/libc/process.ts";
import { StateError, UsageError } from "runtime/base/errors.ts";
import { killAll } from "runtime/cgroups/kill.ts";
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
  const number = signalNumber(signal);
  if (number === undefined) {
    throw new UsageError(
      `unknown signal ${
        JSON.stringify(signal)
      }; hint: a number from 0 to 64, or a name as in kill -l`,
    );
  }
  using container = openContainer(context, id);
  if (all) return killAll(container.cgroup, number);
  assertAllowed("kill", id, container.status);
  const init = pid(container.record.pid);
  try {
    using pidfd = openPidfd(init);
    // The pidfd is of whoever has that pid now: only the start time says that it is still the container's init.
    if (!isAlive(container.record)) throw new StateError("container not running");
    signalPidfd(pidfd.fd, number);
  } catch (cause) {
    if (cause instanceof SyscallError && cause.errno === ERRNO.ESRCH) {
      throw new StateError("container not running", { cause });
    }
    throw cause;
  }
}
