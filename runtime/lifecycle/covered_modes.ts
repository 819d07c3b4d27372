import { openFlags } from "syscalls/abi/open.ts";
import { SyscallError } from "syscalls/abi/syscall_error.ts";
import { fileStat, openFile, openInRoot } from "syscalls/libc/files.ts";
import { hostArch } from "syscalls/libc/library.ts";
import type { ValidMount, ValidSpec } from "runtime/spec/valid.ts";

/** Permission bits of a mode, the sticky one among them. */
const PERMISSIONS = 0o7777;

/**
 * The modes of the rootfs's directories that a tmpfs without a mode of its own will cover, by destination. What an
 * earlier mount covers first is not known before that is there.
 */
export function coveredModes({ root, mounts }: ValidSpec): ReadonlyMap<string, number> {
  const modes = new Map<string, number>();
  if (root.kind !== "directory") return modes;
  for (const [index, mount] of mounts.entries()) {
    if (!inherits(mount) || isCovered(mount, mounts.slice(0, index))) continue;
    const mode = modeOf(root.path, mount.destination);
    if (mode !== null) modes.set(mount.destination, mode);
  }
  return modes;
}

function inherits({ type, bind, remount, data }: ValidMount): boolean {
  return type === "tmpfs" && bind === "none" && !remount &&
    !data.some((option) => option.startsWith("mode="));
}

function isCovered({ destination }: ValidMount, earlier: readonly ValidMount[]): boolean {
  return earlier.some((other) => `${destination}/`.startsWith(`${other.destination}/`));
}

function modeOf(root: string, path: string): number | null {
  const O = openFlags(hostArch());
  try {
    using top = openFile(root, O.of("O_PATH", "O_DIRECTORY"));
    using found = openInRoot(top.fd, path, O.of("O_PATH", "O_DIRECTORY"));
    return fileStat(found.fd).mode & PERMISSIONS;
  } catch (cause) {
    // Missing, so that it is made; or anything else that mounting will tell.
    if (cause instanceof SyscallError) return null;
    throw cause;
  }
}
