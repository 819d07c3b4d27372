import { flagFamily } from "./flags.ts";
import { struct, u64 } from "./struct.ts";

/** Flags of mount(2) (linux/mount.h). */
export const MS = flagFamily("MS", {
  MS_RDONLY: 0x1n,
  MS_NOSUID: 0x2n,
  MS_NODEV: 0x4n,
  MS_NOEXEC: 0x8n,
  MS_SYNCHRONOUS: 0x10n,
  MS_REMOUNT: 0x20n,
  MS_MANDLOCK: 0x40n,
  MS_DIRSYNC: 0x80n,
  MS_NOSYMFOLLOW: 0x100n,
  MS_NOATIME: 0x400n,
  MS_NODIRATIME: 0x800n,
  MS_BIND: 0x1000n,
  MS_MOVE: 0x2000n,
  MS_REC: 0x4000n,
  MS_SILENT: 0x8000n,
  MS_POSIXACL: 0x10000n,
  MS_UNBINDABLE: 0x20000n,
  MS_PRIVATE: 0x40000n,
  MS_SLAVE: 0x80000n,
  MS_SHARED: 0x100000n,
  MS_RELATIME: 0x200000n,
  MS_I_VERSION: 0x800000n,
  MS_STRICTATIME: 0x1000000n,
  MS_LAZYTIME: 0x2000000n,
});

/** Flags of umount2(2) (linux/fs.h). */
export const MNT = flagFamily("MNT", {
  MNT_FORCE: 0x1n,
  MNT_DETACH: 0x2n,
  MNT_EXPIRE: 0x4n,
  UMOUNT_NOFOLLOW: 0x8n,
});

/**
 * Attributes of a mount, for mount_setattr(2) and fsmount(2) (linux/mount.h).
 *
 * `MOUNT_ATTR_RELATIME` is 0: how times are kept is a number in the bits of `MOUNT_ATTR__ATIME`, which must be cleared to set it.
 */
export const MOUNT_ATTR = flagFamily("MOUNT_ATTR", {
  MOUNT_ATTR_RELATIME: 0x0n,
  MOUNT_ATTR_RDONLY: 0x1n,
  MOUNT_ATTR_NOSUID: 0x2n,
  MOUNT_ATTR_NODEV: 0x4n,
  MOUNT_ATTR_NOEXEC: 0x8n,
  MOUNT_ATTR_NOATIME: 0x10n,
  MOUNT_ATTR_STRICTATIME: 0x20n,
  MOUNT_ATTR_NODIRATIME: 0x80n,
  MOUNT_ATTR_IDMAP: 0x100000n,
  MOUNT_ATTR_NOSYMFOLLOW: 0x200000n,
  MOUNT_ATTR__ATIME: 0x70n,
});

/** Flags of move_mount(2) (linux/mount.h). */
export const MOVE_MOUNT = flagFamily("MOVE_MOUNT", {
  MOVE_MOUNT_F_SYMLINKS: 0x1n,
  MOVE_MOUNT_F_AUTOMOUNTS: 0x2n,
  MOVE_MOUNT_F_EMPTY_PATH: 0x4n,
  MOVE_MOUNT_T_SYMLINKS: 0x10n,
  MOVE_MOUNT_T_AUTOMOUNTS: 0x20n,
  MOVE_MOUNT_T_EMPTY_PATH: 0x40n,
  MOVE_MOUNT_SET_GROUP: 0x100n,
  MOVE_MOUNT_BENEATH: 0x200n,
});

/** Flags of open_tree(2), with those of the AT family that it takes (linux/mount.h, linux/fcntl.h). */
export const OPEN_TREE = flagFamily("OPEN_TREE", {
  OPEN_TREE_CLONE: 0x1n,
  AT_SYMLINK_NOFOLLOW: 0x100n,
  AT_NO_AUTOMOUNT: 0x800n,
  AT_EMPTY_PATH: 0x1000n,
  AT_RECURSIVE: 0x8000n,
  OPEN_TREE_CLOEXEC: 0x80000n,
});

/** Flags of fsopen(2) (linux/mount.h). */
export const FSOPEN = flagFamily("FSOPEN", { FSOPEN_CLOEXEC: 0x1n });

/** Flags of fsmount(2) (linux/mount.h). */
export const FSMOUNT = flagFamily("FSMOUNT", { FSMOUNT_CLOEXEC: 0x1n });

/** Flags of fspick(2) (linux/mount.h). */
export const FSPICK = flagFamily("FSPICK", {
  FSPICK_CLOEXEC: 0x1n,
  FSPICK_SYMLINK_NOFOLLOW: 0x2n,
  FSPICK_NO_AUTOMOUNT: 0x4n,
  FSPICK_EMPTY_PATH: 0x8n,
});

/** Commands of fsconfig(2) (enum fsconfig_command in linux/mount.h). */
export const FSCONFIG = {
  FSCONFIG_SET_FLAG: 0,
  FSCONFIG_SET_STRING: 1,
  FSCONFIG_SET_BINARY: 2,
  FSCONFIG_SET_PATH: 3,
  FSCONFIG_SET_PATH_EMPTY: 4,
  FSCONFIG_SET_FD: 5,
  FSCONFIG_CMD_CREATE: 6,
  FSCONFIG_CMD_RECONFIGURE: 7,
} as const;

/** What mount_setattr(2) changes (linux/mount.h). `propagation` is one of the MS family. */
export const mountAttr = struct("mount_attr", {
  attr_set: u64,
  attr_clr: u64,
  propagation: u64,
  userns_fd: u64,
});
