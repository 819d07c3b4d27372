import { flagFamily } from "./flags.ts";
import { i32, struct, u32, u64 } from "./struct.ts";

/** Operations of prctl(2) (linux/prctl.h), but for those of other machines. */
export const PR = {
  PR_SET_PDEATHSIG: 1,
  PR_GET_PDEATHSIG: 2,
  PR_GET_DUMPABLE: 3,
  PR_SET_DUMPABLE: 4,
  PR_GET_UNALIGN: 5,
  PR_SET_UNALIGN: 6,
  PR_GET_KEEPCAPS: 7,
  PR_SET_KEEPCAPS: 8,
  PR_GET_FPEMU: 9,
  PR_SET_FPEMU: 10,
  PR_GET_FPEXC: 11,
  PR_SET_FPEXC: 12,
  PR_GET_TIMING: 13,
  PR_SET_TIMING: 14,
  PR_SET_NAME: 15,
  PR_GET_NAME: 16,
  PR_GET_ENDIAN: 19,
  PR_SET_ENDIAN: 20,
  PR_GET_SECCOMP: 21,
  PR_SET_SECCOMP: 22,
  PR_CAPBSET_READ: 23,
  PR_CAPBSET_DROP: 24,
  PR_GET_TSC: 25,
  PR_SET_TSC: 26,
  PR_GET_SECUREBITS: 27,
  PR_SET_SECUREBITS: 28,
  PR_SET_TIMERSLACK: 29,
  PR_GET_TIMERSLACK: 30,
  PR_MCE_KILL: 33,
  PR_SET_MM: 35,
  PR_SET_CHILD_SUBREAPER: 36,
  PR_GET_CHILD_SUBREAPER: 37,
  PR_SET_NO_NEW_PRIVS: 38,
  PR_GET_NO_NEW_PRIVS: 39,
  PR_GET_TID_ADDRESS: 40,
  PR_SET_THP_DISABLE: 41,
  PR_GET_THP_DISABLE: 42,
  PR_MPX_ENABLE_MANAGEMENT: 43,
  PR_MPX_DISABLE_MANAGEMENT: 44,
  PR_SET_FP_MODE: 45,
  PR_GET_FP_MODE: 46,
  PR_CAP_AMBIENT: 47,
  PR_GET_SPECULATION_CTRL: 52,
  PR_SET_SPECULATION_CTRL: 53,
  PR_SET_TAGGED_ADDR_CTRL: 55,
  PR_GET_TAGGED_ADDR_CTRL: 56,
  PR_SET_IO_FLUSHER: 57,
  PR_GET_IO_FLUSHER: 58,
  PR_SET_SYSCALL_USER_DISPATCH: 59,
  PR_SCHED_CORE: 62,
  PR_SET_VMA: 1398164801,
} as const;

/** What PR_CAP_AMBIENT does (linux/prctl.h). */
export const PR_CAP_AMBIENT = {
  PR_CAP_AMBIENT_IS_SET: 1,
  PR_CAP_AMBIENT_RAISE: 2,
  PR_CAP_AMBIENT_LOWER: 3,
  PR_CAP_AMBIENT_CLEAR_ALL: 4,
} as const;

/** Resources of prlimit64(2) (asm-generic/resource.h). */
export const RLIMIT = {
  RLIMIT_CPU: 0,
  RLIMIT_FSIZE: 1,
  RLIMIT_DATA: 2,
  RLIMIT_STACK: 3,
  RLIMIT_CORE: 4,
  RLIMIT_RSS: 5,
  RLIMIT_NPROC: 6,
  RLIMIT_NOFILE: 7,
  RLIMIT_MEMLOCK: 8,
  RLIMIT_AS: 9,
  RLIMIT_LOCKS: 10,
  RLIMIT_SIGPENDING: 11,
  RLIMIT_MSGQUEUE: 12,
  RLIMIT_NICE: 13,
  RLIMIT_RTPRIO: 14,
  RLIMIT_RTTIME: 15,
} as const;

/** No limit (linux/resource.h). */
export const RLIM64_INFINITY = 0xffffffffffffffffn;

/** A limit (linux/resource.h). */
export const rlimit64 = struct("rlimit64", { rlim_cur: u64, rlim_max: u64 });

/** Flags of close_range(2) (linux/close_range.h). */
export const CLOSE_RANGE = flagFamily("CLOSE_RANGE", {
  CLOSE_RANGE_UNSHARE: 0x2n,
  CLOSE_RANGE_CLOEXEC: 0x4n,
});

/** Whom waitid(2) waits for (linux/wait.h). */
export const P = { P_ALL: 0, P_PID: 1, P_PGID: 2, P_PIDFD: 3 } as const;

/** Flags of waitid(2) and wait4(2); WUNTRACED is WSTOPPED's other name (linux/wait.h). */
export const W = flagFamily("W", {
  WNOHANG: 0x1n,
  WSTOPPED: 0x2n,
  WEXITED: 0x4n,
  WCONTINUED: 0x8n,
  WNOWAIT: 0x1000000n,
  __WNOTHREAD: 0x20000000n,
  __WALL: 0x40000000n,
  __WCLONE: 0x80000000n,
});

/** How a child ended, `si_code` of its siginfo (asm-generic/siginfo.h). */
export const CLD = {
  CLD_EXITED: 1,
  CLD_KILLED: 2,
  CLD_DUMPED: 3,
  CLD_TRAPPED: 4,
  CLD_STOPPED: 5,
  CLD_CONTINUED: 6,
} as const;

/** The part of `siginfo_t` that waitid(2) fills in, of the 128 bytes it wants (asm-generic/siginfo.h). */
export const siginfoChild = struct("siginfo_t", {
  si_signo: i32,
  si_errno: i32,
  si_code: i32,
  _align: i32,
  si_pid: i32,
  si_uid: u32,
  si_status: i32,
  _pad: i32,
});

/** sizeof(siginfo_t). */
export const SIGINFO_SIZE = 128;

/** Flags of pidfd_open(2) (linux/pidfd.h). */
export const PIDFD = flagFamily("PIDFD", { PIDFD_NONBLOCK: 0x800n });
