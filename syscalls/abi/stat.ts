import { flagFamily } from "./flags.ts";
import { bytes, struct, u16, u32, u64 } from "./struct.ts";

/** What statx(2) is asked for (linux/stat.h). */
export const STATX = flagFamily("STATX", {
  STATX_TYPE: 0x1n,
  STATX_MODE: 0x2n,
  STATX_NLINK: 0x4n,
  STATX_UID: 0x8n,
  STATX_GID: 0x10n,
  STATX_ATIME: 0x20n,
  STATX_MTIME: 0x40n,
  STATX_CTIME: 0x80n,
  STATX_INO: 0x100n,
  STATX_SIZE: 0x200n,
  STATX_BLOCKS: 0x400n,
  STATX_BTIME: 0x800n,
  STATX_MNT_ID: 0x1000n,
});

/** What statx(2) answers, the same on every machine (linux/stat.h). Times are left out. */
export const statx = struct("statx", {
  stx_mask: u32,
  stx_blksize: u32,
  stx_attributes: u64,
  stx_nlink: u32,
  stx_uid: u32,
  stx_gid: u32,
  stx_mode: u16,
  _pad: bytes(2),
  stx_ino: u64,
  stx_size: u64,
  stx_blocks: u64,
  stx_attributes_mask: u64,
  _times: bytes(64),
  stx_rdev_major: u32,
  stx_rdev_minor: u32,
  stx_dev_major: u32,
  stx_dev_minor: u32,
  stx_mnt_id: u64,
  _spare: bytes(104),
});
