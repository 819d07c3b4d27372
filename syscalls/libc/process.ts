import { type Fd, fd, type Pid, pid } from "syscalls/abi/brand.ts";
import { ERRNO } from "syscalls/abi/errno.ts";
import { F } from "syscalls/abi/fcntl.ts";
import { PIDFD_GET_INFO, PIDFD_INFO_EXIT, pidfdInfo } from "syscalls/abi/pidfd.ts";
import { PR, RLIMIT, rlimit64, W } from "syscalls/abi/process.ts";
import { SyscallError } from "syscalls/abi/syscall_error.ts";
import { Arena } from "./arena.ts";
import { call, retryCall } from "./call.ts";
import { libc, wordBytes } from "./library.ts";
import { OwnedFd } from "./owned_fd.ts";

/** Standard error's number. */
export const STDERR = 2;

/** A program to start. */
export interface Program {
  /** Path of the executable: nothing is looked up. */
  readonly executable: string;
  readonly argv: readonly string[];
  /** `KEY=value` each. */
  readonly environ: readonly string[];
}

/**
 * Starts a program in a child that shares this process's memory until it executes, so that nothing is copied and the other threads
 * of the engine do no harm. It inherits descriptors that are not close-on-exec, signal mask and limits as they are.
 *
 * @throws {SyscallError} what execve(2) said
 */
export function spawn({ executable, argv, environ }: Program): Pid {
  using arena = new Arena();
  const child = arena.reserve(8);
  const strings = (list: readonly string[]): number =>
    arena.pointers(list.map((text) => arena.cString(text)));
  const errno = libc().posix_spawn(
    wordBytes(arena.bytes(child)),
    arena.cString(executable),
    0,
    0,
    strings(argv),
    strings(environ),
  );
  if (errno !== 0) throw new SyscallError({ verb: "spawn", object: `"${executable}"`, errno });
  return pid(int32(child));
}

/** A second descriptor of this process's standard error, which closes itself at execve(2). */
export function duplicateError(): OwnedFd {
  const attempt = { verb: "duplicate", object: "standard error" };
  return new OwnedFd(fd(call(attempt, "fcntl", STDERR, F.F_DUPFD_CLOEXEC, 0)));
}

/** Does `use` while standard error is another file: what it spawns has it so, and keeps it. */
export function withStandardError<T>(file: Fd, use: () => T): T {
  const attempt = { verb: "replace", object: "standard error" };
  using before = duplicateError();
  call(attempt, "dup3", file, STDERR, 0);
  try {
    return use();
  } finally {
    call(attempt, "dup3", before.fd, STDERR, 0);
  }
}

/** How a process ended. */
export type WaitStatus =
  | { readonly kind: "exited"; readonly code: number }
  | { readonly kind: "signaled"; readonly signal: number; readonly core: boolean };

/**
 * Reaps the child `child`; with `block` waits for its end, without gives null while it runs.
 * @throws {SyscallError} ECHILD when it is no child of this process, or was reaped before
 */
export function waitPid(child: Pid, { block }: { readonly block: boolean }): WaitStatus | null {
  const { result, status } = wait(child, block);
  if (result >= 0) return result === 0 ? null : waitStatus(status);
  throw new SyscallError({ verb: "wait for", object: `process ${child}`, errno: -result });
}

/** Reaps any child that has ended; null when none has, or there is no child. */
export function reapAny(): { readonly pid: Pid; readonly status: WaitStatus } | null {
  const { result, status } = wait(-1, false);
  if (result > 0) return { pid: pid(result), status: waitStatus(status) };
  if (result === 0 || result === -ERRNO.ECHILD) return null;
  throw new SyscallError({ verb: "wait for", object: "children", errno: -result });
}

function wait(which: number, block: boolean): { result: number; status: number } {
  using arena = new Arena();
  const status = arena.reserve(8);
  const { __WALL, WNOHANG } = W.values;
  const options = block ? __WALL : __WALL | WNOHANG;
  const result = retryCall("wait4", which, arena.bytes(status), options, 0);
  return { result, status: int32(status) };
}

/** The C `int` at the start. */
function int32(bytes: Uint8Array<ArrayBuffer>): number {
  return new Int32Array(bytes.buffer, bytes.byteOffset, 1)[0] ?? 0;
}

/** Reads the status word of wait4(2) of an ended process: signal in 7 bits, core flag, exit code in the next byte. */
export function waitStatus(word: number): WaitStatus {
  const signal = word & 0x7f;
  if (signal === 0) return { kind: "exited", code: word >> 8 & 0xff };
  return { kind: "signaled", signal, core: (word & 0x80) !== 0 };
}

/**
 * A descriptor of the process that has this pid now. Compare its start time afterwards: the pid may have been given away before.
 * @throws {SyscallError} ESRCH when there is none
 */
export function openPidfd(process: Pid): OwnedFd {
  const attempt = { verb: "open", object: `pidfd of process ${process}` };
  return new OwnedFd(fd(call(attempt, "pidfd_open", process, 0)));
}

/**
 * A copy of a descriptor of the process behind a pidfd, close-on-exec (pidfd_getfd(2), Linux 5.6).
 * @throws {SyscallError} EBADF when the process has none of that number; EPERM when this one may not trace it
 */
export function takeDescriptor(pidfd: Fd, number: number): OwnedFd {
  const attempt = { verb: "take", object: `descriptor ${number} of the process` };
  return new OwnedFd(fd(call(attempt, "pidfd_getfd", pidfd, number, 0)));
}

/**
 * How the process behind a pidfd ended, after its parent has reaped it; null before that, and on Linux before 6.15.
 */
export function reapedStatus(pidfd: Fd): WaitStatus | null {
  using arena = new Arena();
  const info = arena.reserve(pidfdInfo.size);
  info.set(pidfdInfo.encode({ mask: PIDFD_INFO_EXIT }));
  if (retryCall("ioctl", pidfd, PIDFD_GET_INFO, arena.bytes(info)) < 0) return null;
  const { mask, exit_code } = pidfdInfo.decode(info);
  return (mask & PIDFD_INFO_EXIT) === 0n ? null : waitStatus(exit_code);
}

/**
 * Sends a signal to the process behind a pidfd; 0 only asks whether it may be sent.
 * @throws {SyscallError} ESRCH when the process has ended and been reaped; EPERM
 */
export function signalPidfd(pidfd: Fd, signal: number): void {
  const attempt = { verb: "send", object: `signal ${signal}` };
  call(attempt, "pidfd_send_signal", pidfd, signal, 0, 0);
}

/**
 * Sets one resource limit of a process (`0`: this one); `2^64 - 1` is no limit.
 * @throws {SyscallError} EPERM when it raises a hard limit without CAP_SYS_RESOURCE
 */
export function setLimit(
  process: Pid,
  resource: keyof typeof RLIMIT,
  soft: bigint,
  hard: bigint,
): void {
  using arena = new Arena();
  const limit = arena.bytes(rlimit64.encode({ rlim_cur: soft, rlim_max: hard }));
  const attempt = { verb: "set", object: `${resource} to ${soft}:${hard}` };
  call(attempt, "prlimit64", process, RLIMIT[resource], limit, 0);
}

/** Makes this process the parent of its orphaned grandchildren. */
export function setChildSubreaper(): void {
  const attempt = { verb: "become", object: "child subreaper" };
  call(attempt, "prctl", PR.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}
