import { i32, struct, u32, u64 } from "./struct.ts";

/** PIDFD_GET_INFO, of Linux 6.13: `_IOWR(0xFF, 11, struct pidfd_info)` with the first version's 64 bytes (linux/pidfd.h). */
export const PIDFD_GET_INFO = 0xc040ff0b;

/** What {@link PIDFD_GET_INFO} tells of a process that has been reaped, of Linux 6.15 (linux/pidfd.h). */
export const PIDFD_INFO_EXIT = 1n << 3n;

/** linux/pidfd.h; the fields of the first version. */
export const pidfdInfo = struct("pidfd_info", {
  mask: u64,
  cgroupid: u64,
  pid: u32,
  tgid: u32,
  ppid: u32,
  ruid: u32,
  rgid: u32,
  euid: u32,
  egid: u32,
  suid: u32,
  sgid: u32,
  fsuid: u32,
  fsgid: u32,
  exit_code: i32,
});
