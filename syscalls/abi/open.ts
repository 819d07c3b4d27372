import type { Arch } from "./arch.ts";
import { type FlagFamily, flagFamily } from "./flags.ts";
import { struct, u64 } from "./struct.ts";

/** Names of the flags of open(2). */
export type OpenFlag =
  | "O_RDONLY"
  | "O_WRONLY"
  | "O_RDWR"
  | "O_CREAT"
  | "O_EXCL"
  | "O_NOCTTY"
  | "O_TRUNC"
  | "O_APPEND"
  | "O_NONBLOCK"
  | "O_SYNC"
  | "O_DSYNC"
  | "O_TMPFILE"
  | "O_DIRECTORY"
  | "O_NOFOLLOW"
  | "O_DIRECT"
  | "O_LARGEFILE"
  | "O_NOATIME"
  | "O_CLOEXEC"
  | "O_PATH";

/** The flags whose values differ between machines. */
interface OwnFlags {
  readonly directory: bigint;
  readonly nofollow: bigint;
  readonly direct: bigint;
  readonly largefile: bigint;
}

// Combinations come before their parts, so that O_SYNC is not shown as O_DSYNC and a rest.
function openValues(own: OwnFlags): Record<OpenFlag, bigint> {
  return {
    O_RDONLY: 0x0n,
    O_WRONLY: 0x1n,
    O_RDWR: 0x2n,
    O_CREAT: 0x40n,
    O_EXCL: 0x80n,
    O_NOCTTY: 0x100n,
    O_TRUNC: 0x200n,
    O_APPEND: 0x400n,
    O_NONBLOCK: 0x800n,
    O_SYNC: 0x101000n,
    O_DSYNC: 0x1000n,
    O_TMPFILE: 0x400000n | own.directory,
    O_DIRECTORY: own.directory,
    O_NOFOLLOW: own.nofollow,
    O_DIRECT: own.direct,
    O_LARGEFILE: own.largefile,
    O_NOATIME: 0x40000n,
    O_CLOEXEC: 0x80000n,
    O_PATH: 0x200000n,
  };
}

const families = new Map<Arch, FlagFamily<"O", OpenFlag>>();

/** Flags of open(2) and the `flags` of openat2(2): four of them differ between machines (asm-generic and arm64 fcntl.h). */
export function openFlags(arch: Arch): FlagFamily<"O", OpenFlag> {
  const known = families.get(arch);
  if (known !== undefined) return known;
  const values = arch === "x86_64"
    ? openValues({ directory: 0x10000n, nofollow: 0x20000n, direct: 0x4000n, largefile: 0x8000n })
    : openValues({ directory: 0x4000n, nofollow: 0x8000n, direct: 0x10000n, largefile: 0x20000n });
  const family = flagFamily("O", values);
  families.set(arch, family);
  return family;
}

/** Flags of the calls whose names end in `at` (linux/fcntl.h). */
export const AT = flagFamily("AT", {
  AT_SYMLINK_NOFOLLOW: 0x100n,
  AT_SYMLINK_FOLLOW: 0x400n,
  AT_NO_AUTOMOUNT: 0x800n,
  AT_EMPTY_PATH: 0x1000n,
  AT_STATX_FORCE_SYNC: 0x2000n,
  AT_STATX_DONT_SYNC: 0x4000n,
  AT_RECURSIVE: 0x8000n,
});

/** The flag of unlinkat(2), whose value has another meaning in faccessat2(2) (linux/fcntl.h). */
export const AT_UNLINK = flagFamily("AT_UNLINK", { AT_REMOVEDIR: 0x200n });

/** Flags of faccessat2(2) (linux/fcntl.h). */
export const AT_ACCESS = flagFamily("AT_ACCESS", {
  AT_SYMLINK_NOFOLLOW: 0x100n,
  AT_EACCESS: 0x200n,
  AT_EMPTY_PATH: 0x1000n,
});

/** How openat2(2) may walk a path (linux/openat2.h). */
export const RESOLVE = flagFamily("RESOLVE", {
  RESOLVE_NO_XDEV: 0x1n,
  RESOLVE_NO_MAGICLINKS: 0x2n,
  RESOLVE_NO_SYMLINKS: 0x4n,
  RESOLVE_BENEATH: 0x8n,
  RESOLVE_IN_ROOT: 0x10n,
  RESOLVE_CACHED: 0x20n,
});

/** What openat2(2) is told (linux/openat2.h). */
export const openHow = struct("open_how", { flags: u64, mode: u64, resolve: u64 });

/** The type of a file in its mode, `mode & S_IFMT` (linux/stat.h). */
export const S_IF = {
  S_IFMT: 0o170000,
  S_IFSOCK: 0o140000,
  S_IFLNK: 0o120000,
  S_IFREG: 0o100000,
  S_IFBLK: 0o060000,
  S_IFDIR: 0o040000,
  S_IFCHR: 0o020000,
  S_IFIFO: 0o010000,
} as const;

/** Flags of renameat2(2) (linux/fs.h). */
export const RENAME = flagFamily("RENAME", {
  RENAME_NOREPLACE: 0x1n,
  RENAME_EXCHANGE: 0x2n,
  RENAME_WHITEOUT: 0x4n,
});
