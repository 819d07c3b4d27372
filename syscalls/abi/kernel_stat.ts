import type { Arch } from "./arch.ts";

/** Room for `struct stat` on every machine (asm/stat.h: 144 bytes on x86-64, 128 on aarch64). */
export const STAT_SIZE = 144;

/** Byte offsets of the fields of `struct stat` that compiled programs look at; each machine has its own layout. */
export interface StatOffsets {
  /** `st_mode`, 32 bits wide. */
  readonly mode: number;
  /** `st_uid`, 32 bits wide. */
  readonly uid: number;
  /** `st_rdev`, 64 bits wide, in the kernel's encoding (`makedev`). */
  readonly rdev: number;
}

const OFFSETS: Readonly<Record<Arch, StatOffsets>> = {
  x86_64: { mode: 24, uid: 28, rdev: 40 },
  aarch64: { mode: 16, uid: 24, rdev: 32 },
};

export function statOffsets(arch: Arch): StatOffsets {
  return OFFSETS[arch];
}

/** Size of `struct statfs` (asm/statfs.h); `f_type` is its first 8 bytes. */
export const STATFS_SIZE = 120;
/** Offset of its `f_flags`, 64 bits wide. */
export const STATFS_FLAGS = 80;
/** Flags of `f_flags` about access times (linux/statfs.h). */
export const STATFS_FLAG = {
  ST_NOATIME: 0x400n,
  ST_NODIRATIME: 0x800n,
  ST_RELATIME: 0x1000n,
} as const;

/** `f_type` of devpts (linux/magic.h). */
export const DEVPTS_SUPER_MAGIC = 0x1cd1n;

/** `f_type` of procfs (linux/magic.h). */
export const PROC_SUPER_MAGIC = 0x9fa0n;

/** A device number as mknod(2) and `st_rdev` have it (new_encode_dev in linux/kdev_t.h). */
export function makedev(major: number, minor: number): bigint {
  const low = BigInt(minor & 0xff) | BigInt(major & 0xfff) << 8n;
  return low | BigInt(minor & 0xfff00) << 12n;
}
