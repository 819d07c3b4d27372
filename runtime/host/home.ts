import { openFlags, S_IF } from "syscalls/abi/open.ts";
import { SyscallError } from "syscalls/abi/syscall_error.ts";
import { decodeText } from "syscalls/abi/text.ts";
import { fileStat, openFile, openInRoot, readAll } from "syscalls/libc/files.ts";
import { hostArch } from "syscalls/libc/library.ts";

/** A passwd file above this size is not read: it is of the image's making. */
const MOST_BYTES = 1 << 20;

/**
 * The home folder of a user as the container's own passwd file tells it.
 *
 * @param rootfs the container's root; symlinks in it do not lead out of it
 * @param path the file in there, absolute
 * @returns "/" when the file is not there, cannot be read, or does not know the user, as runc has it
 */
export function homeOf(rootfs: string, path: string, uid: number): string {
  try {
    return homeIn(readRegular(rootfs, path), uid) ?? "/";
  } catch (cause) {
    if (cause instanceof SyscallError) return "/";
    throw cause;
  }
}

/** Without waiting for the other end of a fifo that an image may have put there. */
function readRegular(rootfs: string, path: string): string {
  const O = openFlags(hostArch());
  using root = openFile(rootfs, O.of("O_PATH", "O_DIRECTORY"));
  using file = openInRoot(root.fd, path, O.of("O_RDONLY", "O_NONBLOCK"));
  const isRegular = (fileStat(file.fd).mode & S_IF.S_IFMT) === S_IF.S_IFREG;
  return isRegular ? decodeText(readAll(file.fd, MOST_BYTES)) : "";
}

/** The sixth field of the user's line in a passwd file (passwd(5)); null when there is no such line, or an empty field. */
export function homeIn(passwd: string, uid: number): string | null {
  for (const line of passwd.split("\n")) {
    const fields = line.split(":");
    if (fields[2] !== String(uid)) continue;
    const home = fields[5] ?? "";
    return home === "" ? null : home;
  }
  return null;
}
