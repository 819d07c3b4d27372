import { ERRNO } from "syscalls/abi/errno.ts";
import { writeFile } from "syscalls/libc/paths.ts";
import { HostError } from "runtime/base/errors.ts";
import { errnoReason } from "runtime/base/io_failure.ts";

const VERSION_1 = "/freezer.state";

/**
 * Lets a frozen cgroup's processes go on, so that a signal that ends them can: SIGKILL reaches those of version 2 in their
 * frozen state already.
 *
 * @param freezer the file that tells of it, as in a container's record
 */
export function thawToDie(freezer: string): void {
  if (!freezer.endsWith(VERSION_1)) return;
  const result = writeFile(freezer, "THAWED", { create: null });
  if (result === 0 || result === -ERRNO.ENOENT || result === -ERRNO.ENODEV) return;
  throw new HostError(`Cannot thaw ${freezer}: ${errnoReason(-result)}`);
}
