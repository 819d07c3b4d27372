import { SIGNALS } from "syscalls/abi/signal.ts";

/**
 * The info block: what the entry stub of the executable saw before the JavaScript engine started.
 *
 * The engine changes its process while it starts (limits, signals, descriptors 0 to 2) and is itself
 * changed by its environment and arguments. So the stub writes down what the caller gave, hides it
 * from the engine, and leaves the address of this block in the one environment variable it passes on.
 *
 * Written by scripts/build/stub.ts, read by process_info.ts; this file is all they share. Every field
 * has eight bytes, in the byte order of the machine.
 */

/** The environment variable that holds the block's address, as `0x` and 16 hexadecimal digits. */
export const INFO_VARIABLE = "OCIRT_INFO";

/** What the first field says: "ocirtblk" in memory. */
export const INFO_MAGIC = 0x6b_6c_62_74_72_69_63_6fn;

/** Which layout of the fields below; raised when one changes its meaning. */
export const INFO_VERSION = 1n;

/** Where each field is, in bytes from the start of the block. */
export const INFO = {
  magic: 0,
  version: 8,
  /** Address of the NUL-terminated program text; 0 where the engine brings its own. */
  payload: 16,
  /** Length of the program text in bytes, without the NUL. What waits to be evaluated follows it, NUL-terminated each. */
  payloadLength: 24,
  /** Address of a C function `(number, six arguments) -> result`: one raw system call, -errno on failure. */
  rawSyscall: 32,
  /** The caller's RLIMIT_NOFILE: the engine raises the soft limit. */
  nofileSoft: 40,
  nofileHard: 48,
  /** The caller's signal mask; bit n is signal n + 1. */
  signalMask: 56,
  /** Signals that the caller had ignored; bit n is signal n + 1. */
  ignoredSignals: 64,
  /** O_PATH descriptor (3 or more, close-on-exec) of the caller's working directory, or -errno. */
  cwdFd: 72,
  /** Address of what getcwd(2) wrote. */
  cwdPath: 80,
  /** Its length with the NUL, or -errno (ENOENT: the directory is deleted). */
  cwdPathLength: 88,
  /** Which of the descriptors 0, 1, 2 were closed, one bit each: the engine opens /dev/null there. */
  closedStdio: 96,
  /** The caller's arguments, argv[0] first, and environment, as execve(2) laid them out. */
  argc: 104,
  argv: 112,
  envp: 120,
} as const;

/** Signals of the kernel for what a thread itself just did, that cannot be blocked, or that are the engine's own. */
const NOT_BLOCKED: readonly number[] = [
  SIGNALS.SIGILL,
  SIGNALS.SIGTRAP,
  SIGNALS.SIGABRT,
  SIGNALS.SIGBUS,
  SIGNALS.SIGFPE,
  SIGNALS.SIGKILL,
  SIGNALS.SIGSEGV,
  // The engine ignores it; blocked, it would stay pending whenever a reader of ours goes away.
  SIGNALS.SIGPIPE,
  SIGNALS.SIGSTOP,
  SIGNALS.SIGSYS,
  // The C library's own, for thread cancellation and for setuid(2) in every thread (nptl(7)).
  32,
  33,
];

/** The signals the stub blocks before any thread exists, so that one signalfd sees them all. */
export const BLOCKED_SIGNALS: bigint = NOT_BLOCKED.reduce(
  (mask, signal) => mask & ~(1n << BigInt(signal - 1)),
  (1n << 64n) - 1n,
);
