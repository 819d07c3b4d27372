import { flagFamily } from "./flags.ts";
import { i32, i64, struct, u16, u32, u64 } from "./struct.ts";

/** Operations of seccomp(2) (linux/seccomp.h). */
export const SECCOMP = {
  SECCOMP_SET_MODE_STRICT: 0,
  SECCOMP_SET_MODE_FILTER: 1,
  SECCOMP_GET_ACTION_AVAIL: 2,
  SECCOMP_GET_NOTIF_SIZES: 3,
} as const;

/** What `PR_SET_SECCOMP` and `PR_GET_SECCOMP` of prctl(2) take and give. */
export const SECCOMP_MODE = {
  SECCOMP_MODE_DISABLED: 0,
  SECCOMP_MODE_STRICT: 1,
  SECCOMP_MODE_FILTER: 2,
} as const;

/** Flags of SECCOMP_SET_MODE_FILTER. */
export const SECCOMP_FILTER_FLAG = flagFamily("SECCOMP_FILTER_FLAG", {
  SECCOMP_FILTER_FLAG_TSYNC: 1n,
  SECCOMP_FILTER_FLAG_LOG: 2n,
  SECCOMP_FILTER_FLAG_SPEC_ALLOW: 4n,
  SECCOMP_FILTER_FLAG_NEW_LISTENER: 8n,
  SECCOMP_FILTER_FLAG_TSYNC_ESRCH: 16n,
  SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV: 32n,
});

/** What a filter answers, in the high half; the low half is data for some of them. */
export const SECCOMP_RET = {
  SECCOMP_RET_KILL_PROCESS: 0x80000000,
  SECCOMP_RET_KILL_THREAD: 0,
  SECCOMP_RET_TRAP: 0x00030000,
  SECCOMP_RET_ERRNO: 0x00050000,
  SECCOMP_RET_USER_NOTIF: 0x7fc00000,
  SECCOMP_RET_TRACE: 0x7ff00000,
  SECCOMP_RET_LOG: 0x7ffc0000,
  SECCOMP_RET_ALLOW: 0x7fff0000,
} as const;

/** The parts of what a filter answers. */
export const SECCOMP_RET_MASK = {
  SECCOMP_RET_ACTION_FULL: 0xffff0000,
  SECCOMP_RET_DATA: 0xffff,
} as const;

/** What a filter looks at. The arguments are 64-bit words in the byte order of the machine. */
export const seccompData = struct("seccomp_data", {
  nr: i32,
  arch: u32,
  instruction_pointer: u64,
  "args[0]": u64,
  "args[1]": u64,
  "args[2]": u64,
  "args[3]": u64,
  "args[4]": u64,
  "args[5]": u64,
});

/** What SECCOMP_GET_NOTIF_SIZES fills in. */
export const seccompNotifSizes = struct("seccomp_notif_sizes", {
  seccomp_notif: u16,
  seccomp_notif_resp: u16,
  seccomp_data: u16,
});

/** A system call that waits for an answer; `data` is a `seccomp_data`. */
export const seccompNotif = struct("seccomp_notif", {
  id: u64,
  pid: u32,
  flags: u32,
  "data.nr": i32,
  "data.arch": u32,
  "data.instruction_pointer": u64,
  "data.args[0]": u64,
  "data.args[1]": u64,
  "data.args[2]": u64,
  "data.args[3]": u64,
  "data.args[4]": u64,
  "data.args[5]": u64,
});

/** The answer to it. */
export const seccompNotifResp = struct("seccomp_notif_resp", {
  id: u64,
  val: i64,
  error: i32,
  flags: u32,
});

/** A descriptor for the process that waits. */
export const seccompNotifAddfd = struct("seccomp_notif_addfd", {
  id: u64,
  flags: u32,
  srcfd: u32,
  newfd: u32,
  newfd_flags: u32,
});

/** Flags of an answer. */
export const SECCOMP_USER_NOTIF_FLAG = flagFamily("SECCOMP_USER_NOTIF_FLAG", {
  SECCOMP_USER_NOTIF_FLAG_CONTINUE: 1n,
});

/** Flags of `seccomp_notif_addfd`. */
export const SECCOMP_ADDFD_FLAG = flagFamily("SECCOMP_ADDFD_FLAG", {
  SECCOMP_ADDFD_FLAG_SETFD: 1n,
  SECCOMP_ADDFD_FLAG_SEND: 2n,
});

/** ioctl(2) requests of the descriptor that SECCOMP_FILTER_FLAG_NEW_LISTENER gives. */
export const SECCOMP_IOCTL = {
  SECCOMP_IOCTL_NOTIF_RECV: 0xc0502100,
  SECCOMP_IOCTL_NOTIF_SEND: 0xc0182101,
  SECCOMP_IOCTL_NOTIF_ID_VALID: 0x40082102,
  SECCOMP_IOCTL_NOTIF_ADDFD: 0x40182103,
} as const;

/** `struct sock_fprog` of linux/filter.h: a program of `len` instructions. */
export const sockFprog = struct("sock_fprog", { len: u16, filter: u64 });

/** The most instructions that a classic BPF program may have (linux/bpf_common.h). */
export const BPF_MAXINSNS = 4096;

/** What the kernel calls an architecture: ELF machine, 64-bit, little-endian, and the convention (linux/audit.h). */
export const AUDIT_ARCHS = {
  AUDIT_ARCH_AARCH64: 0xc00000b7,
  AUDIT_ARCH_ARM: 0x40000028,
  AUDIT_ARCH_I386: 0x40000003,
  AUDIT_ARCH_LOONGARCH64: 0xc0000102,
  AUDIT_ARCH_M68K: 0x00000004,
  AUDIT_ARCH_MIPS: 0x00000008,
  AUDIT_ARCH_MIPS64: 0x80000008,
  AUDIT_ARCH_MIPS64N32: 0xa0000008,
  AUDIT_ARCH_MIPSEL: 0x40000008,
  AUDIT_ARCH_MIPSEL64: 0xc0000008,
  AUDIT_ARCH_MIPSEL64N32: 0xe0000008,
  AUDIT_ARCH_PARISC: 0x0000000f,
  AUDIT_ARCH_PARISC64: 0x8000000f,
  AUDIT_ARCH_PPC: 0x00000014,
  AUDIT_ARCH_PPC64: 0x80000015,
  AUDIT_ARCH_PPC64LE: 0xc0000015,
  AUDIT_ARCH_RISCV64: 0xc00000f3,
  AUDIT_ARCH_S390: 0x00000016,
  AUDIT_ARCH_S390X: 0x80000016,
  AUDIT_ARCH_SH: 0x0000002a,
  AUDIT_ARCH_SHEL: 0x4000002a,
  AUDIT_ARCH_X86_64: 0xc000003e,
} as const;

/** Set in the numbers of x32 calls, which are calls of AUDIT_ARCH_X86_64 (asm/unistd.h). */
export const __X32_SYSCALL_BIT = 0x40000000;
