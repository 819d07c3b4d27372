import { ERRNO } from "syscalls/abi/errno.ts";
import { openFlags } from "syscalls/abi/open.ts";
import { SyscallError } from "syscalls/abi/syscall_error.ts";
import { flock, isAt, openFile } from "syscalls/libc/files.ts";
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
    // The one who had the lock may have deleted the folder.
    if (!isAt(dir, folder.fd)) throw doesNotExist();
  } catch (cause) {
    folder[Symbol.dispose]();
    throw cause;
  }
  return folder;
}

/** The same; null when the container was deleted. */
export function lockUnlessDeleted(dir: string): Disposable | null {
  try {
    return lockContainer(dir);
  } catch (cause) {
    if (cause instanceof StateError) return null;
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
