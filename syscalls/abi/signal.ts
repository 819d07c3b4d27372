import { flagFamily } from "./flags.ts";
import { bytes, i32, struct, u32, u64 } from "./struct.ts";

/** Signals by name (asm-generic/signal.h; the same on x86-64 and aarch64). */
export const SIGNALS = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGILL: 4,
  SIGTRAP: 5,
  SIGABRT: 6,
  SIGBUS: 7,
  SIGFPE: 8,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGSEGV: 11,
  SIGUSR2: 12,
  SIGPIPE: 13,
  SIGALRM: 14,
  SIGTERM: 15,
  SIGSTKFLT: 16,
  SIGCHLD: 17,
  SIGCONT: 18,
  SIGSTOP: 19,
  SIGTSTP: 20,
  SIGTTIN: 21,
  SIGTTOU: 22,
  SIGURG: 23,
  SIGXCPU: 24,
  SIGXFSZ: 25,
  SIGVTALRM: 26,
  SIGPROF: 27,
  SIGWINCH: 28,
  SIGIO: 29,
  SIGPWR: 30,
  SIGSYS: 31,
} as const;

/** The name of a signal that is not a real-time one. */
export type SignalName = keyof typeof SIGNALS;

/** How many signals there are: 1 to 64 (asm-generic/signal.h). */
export const NSIG = 64;

/** The first real-time signal that programs use. The kernel's are from 32 on; glibc keeps two for itself (signal(7)). */
export const SIGRTMIN = 34;

/** The last real-time signal. */
export const SIGRTMAX = 64;

const OTHER_NAMES: Readonly<Record<string, SignalName>> = {
  SIGIOT: "SIGABRT",
  SIGCLD: "SIGCHLD",
  SIGPOLL: "SIGIO",
};

/** The number of a signal by name, `SIGTERM`, `TERM`, `term`, `SIGRTMIN+3`, `RTMAX-1`; undefined when there is none. */
export function signalNumber(name: string): number | undefined {
  const upper = name.toUpperCase();
  const full = upper.startsWith("SIG") ? upper : `SIG${upper}`;
  const plain = OTHER_NAMES[full] ?? full;
  if (Object.hasOwn(SIGNALS, plain)) return SIGNALS[plain as SignalName];
  const [, end, sign, digits] = /^SIGRT(MIN|MAX)(?:([+-])(\d{1,2}))?$/.exec(full) ?? [];
  if (end === undefined) return undefined;
  if (sign !== undefined && (end === "MIN") !== (sign === "+")) return undefined;
  const distance = Number(digits ?? 0);
  const number = end === "MIN" ? SIGRTMIN + distance : SIGRTMAX - distance;
  return number >= SIGRTMIN && number <= SIGRTMAX ? number : undefined;
}

/** The name of a signal: `SIGTERM`, `SIGRTMIN+3`; `signal 99` for one without a name. */
export function signalName(number: number): string {
  for (const [name, value] of Object.entries(SIGNALS)) {
    if (value === number) return name;
  }
  if (number < SIGRTMIN || number > SIGRTMAX) return `signal ${number}`;
  return number === SIGRTMIN ? "SIGRTMIN" : `SIGRTMIN+${number - SIGRTMIN}`;
}

/** The kernel's sigset_t: bit n-1 for signal n. */
export function signalSet(...signals: readonly number[]): bigint {
  return signals.reduce((set, signal) => set | 1n << BigInt(signal - 1), 0n);
}

/** Every signal. */
export const ALL_SIGNALS = 0xffffffffffffffffn;

/** sizeof(sigset_t) of the kernel, in bytes: what the rt_ calls want as their last argument. */
export const SIGSET_SIZE = 8;

/** What rt_sigprocmask(2) does with the set (asm-generic/signal-defs.h). */
export const SIG_HOW = { SIG_BLOCK: 0, SIG_UNBLOCK: 1, SIG_SETMASK: 2 } as const;

/** Handlers that are no functions (asm-generic/signal-defs.h). */
export const SIG_HANDLER = { SIG_DFL: 0, SIG_IGN: 1 } as const;

/** Flags of rt_sigaction(2) (asm-generic/signal-defs.h). */
export const SA = flagFamily("SA", {
  SA_NOCLDSTOP: 0x1n,
  SA_NOCLDWAIT: 0x2n,
  SA_SIGINFO: 0x4n,
  SA_UNSUPPORTED: 0x400n,
  SA_EXPOSE_TAGBITS: 0x800n,
  SA_RESTORER: 0x4000000n,
  SA_ONSTACK: 0x8000000n,
  SA_RESTART: 0x10000000n,
  SA_NODEFER: 0x40000000n,
  SA_RESETHAND: 0x80000000n,
});

/** What rt_sigaction(2) is told; both machines have the restorer (asm/signal.h). */
export const sigaction = struct("sigaction", {
  sa_handler: u64,
  sa_flags: u64,
  sa_restorer: u64,
  sa_mask: u64,
});

/** Flags of signalfd4(2) (linux/signalfd.h). */
export const SFD = flagFamily("SFD", { SFD_NONBLOCK: 0x800n, SFD_CLOEXEC: 0x80000n });

/** What is read from a signalfd, its first fields of 128 bytes (linux/signalfd.h). */
export const signalfdSiginfo = struct("signalfd_siginfo", {
  ssi_signo: u32,
  ssi_errno: i32,
  ssi_code: i32,
  ssi_pid: u32,
  ssi_uid: u32,
  ssi_fd: i32,
  ssi_tid: u32,
  ssi_band: u32,
  ssi_overrun: u32,
  ssi_trapno: u32,
  ssi_status: i32,
  ssi_int: i32,
  ssi_ptr: u64,
  _rest: bytes(72),
});
