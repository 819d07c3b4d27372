import { ERRNO } from "syscalls/abi/errno.ts";
import { openFlags } from "syscalls/abi/open.ts";
import { SyscallError } from "syscalls/abi/syscall_error.ts";
import { fileStat, flock, openFile } from "syscalls/libc/files.ts";
import { hostArch } from "syscalls/libc/library.ts";
import type { OwnedFd } from "syscalls/libc/owned_fd.ts";
import { StateError } from "runtime/base/errors.ts";

/**
 * Makes this process the only one that changes a container until the lock is disposed of. Waits for another
 * that has it. A process that dies loses its lock.
 *
 * @throws {StateError} "container does not exist", also when it was deleted (and perhaps made anew) meanwhile
 */
export function lockContainer(dir: string): Disposable {
  const folder = openFolder(dir);
  try {
    flock(folder.fd, "exclusive", true);
    if (!isAt(folder, dir)) throw doesNotExist();
  } catch (cause) {
    folder[Symbol.dispose]();
    throw cause;
  }
  return folder;
}

/** Whether the path still leads to the folder that was opened: the one who had the lock may have deleted it. */
function isAt(folder: OwnedFd, dir: string): boolean {
  try {
    return BigInt(Deno.lstatSync(dir).ino ?? 0) === fileStat(folder.fd).ino;
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return false;
    throw cause;
  }
}

function openFolder(dir: string): OwnedFd {
  const O = openFlags(hostArch());
  try {
    return openFile(dir, O.of("O_RDONLY", "O_DIRECTORY", "O_NOFOLLOW"));
  } catch (cause) {
    if (cause instanceof SyscallError && cause.errno === ERRNO.ENOENT) {
      throw doesNotExist();
    }
    throw cause;
  }
}

function doesNotExist(): StateError {
  return new StateError("container does not exist");
}
