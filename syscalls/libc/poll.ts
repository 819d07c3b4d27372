import { type Fd, fd, type Pid, pid } from "syscalls/abi/brand.ts";
import { ERRNO } from "syscalls/abi/errno.ts";
import { pollfd } from "syscalls/abi/poll.ts";
import { SFD, SIG_HOW, signalfdSiginfo, SIGSET_SIZE } from "syscalls/abi/signal.ts";
import { SyscallError } from "syscalls/abi/syscall_error.ts";
import { timespec } from "syscalls/abi/time.ts";
import { Arena } from "./arena.ts";
import { call, retryCall } from "./call.ts";
import { OwnedFd } from "./owned_fd.ts";

/** One descriptor and the events to wait for (`POLLIN` and the like). */
export interface PollEntry {
  readonly fd: Fd;
  readonly events: number;
}

/**
 * Waits until one of the descriptors is ready, at most `timeoutMs` milliseconds (whole ones, -1: for ever). Gives the events of each,
 * all 0 when the time was over. A signal does not end the wait: it goes on with the time that is left.
 */
export function poll(entries: readonly PollEntry[], timeoutMs: number): number[] {
  using arena = new Arena();
  const table = arena.reserve(pollfd.size * entries.length);
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i];
    if (entry !== undefined) table.set(pollfd.encode(entry), i * pollfd.size);
  }
  // The kernel writes the time that is left into the struct, so that a repeated call ends in time.
  const time = timeoutMs < 0 ? 0 : arena.bytes(timespec.encode({
    tv_sec: BigInt(Math.floor(timeoutMs / 1000)),
    tv_nsec: BigInt(timeoutMs % 1000) * 1_000_000n,
  }));
  const attempt = { verb: "wait for", object: `${entries.length} descriptors` };
  call(attempt, "ppoll", arena.bytes(table), entries.length, time, 0, SIGSET_SIZE);
  const events: number[] = [];
  for (let at = pollfd.offsets.revents; at < table.length; at += pollfd.size) {
    events.push((table[at] ?? 0) | (table[at + 1] ?? 0) << 8);
  }
  return events;
}

/** A descriptor that reads the signals of `mask` (bit n-1: signal n), which must be blocked. Never makes a reader wait. */
export function signalFd(mask: bigint): OwnedFd {
  using arena = new Arena();
  const flags = SFD.of("SFD_CLOEXEC", "SFD_NONBLOCK");
  const address = arena.bytes(setBytes(mask));
  const attempt = { verb: "create", object: "signalfd" };
  return new OwnedFd(fd(call(attempt, "signalfd4", -1, address, SIGSET_SIZE, flags)));
}

/** A signal as a signalfd gives it. */
export interface ReceivedSignal {
  readonly signal: number;
  /** Who sent it; for SIGCHLD, whose state changed. */
  readonly pid: Pid;
  /** `si_code`. */
  readonly code: number;
  /** For SIGCHLD the exit status or the signal. */
  readonly status: number;
}

/** The next pending signal; null when there is none. */
export function readSignal(signals: Fd): ReceivedSignal | null {
  using arena = new Arena();
  const info = arena.reserve(signalfdSiginfo.size);
  const result = retryCall("read", signals, arena.bytes(info), info.length);
  if (result === -ERRNO.EAGAIN) return null;
  if (result < 0) throw new SyscallError({ verb: "read", object: "signalfd", errno: -result });
  const { ssi_signo, ssi_pid, ssi_code, ssi_status } = signalfdSiginfo.decode(info);
  return { signal: ssi_signo, pid: pid(ssi_pid), code: ssi_code, status: ssi_status };
}

/** Blocks the signals of `mask` in the calling thread, beside those that are, and gives the mask from before. */
export function blockSignals(mask: bigint): bigint {
  return changeMask(SIG_HOW.SIG_BLOCK, mask);
}

/** Makes `mask` the blocked signals of the calling thread and gives the mask from before. */
export function setSignalMask(mask: bigint): bigint {
  return changeMask(SIG_HOW.SIG_SETMASK, mask);
}

function changeMask(how: number, mask: bigint): bigint {
  const before = setBytes(0n);
  using arena = new Arena();
  call(
    { verb: "set", object: "signal mask" },
    "rt_sigprocmask",
    how,
    arena.bytes(setBytes(mask)),
    arena.bytes(before),
    SIGSET_SIZE,
  );
  return new DataView(before.buffer).getBigUint64(0, true);
}

function setBytes(mask: bigint): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new BigUint64Array([mask]).buffer);
}
