import { pid } from "syscalls/abi/brand.ts";
import type { OwnedFd } from "syscalls/libc/owned_fd.ts";
import { openPidfd } from "syscalls/libc/process.ts";
import { StateError } from "runtime/base/errors.ts";
import { isAlive } from "runtime/state/status.ts";
import type { InspectedContainer } from "./inspect.ts";

/**
 * A pidfd of a container's init. The pidfd is of whoever has that pid now: only the start time says that it is the init.
 *
 * @param refusal what is told when it has ended
 */
export function openInit({ record }: InspectedContainer, refusal: string): OwnedFd {
  const opened = openPidfd(pid(record.pid));
  if (isAlive(record)) return opened;
  opened[Symbol.dispose]();
  throw new StateError(refusal);
}
