import { ERRNO } from "syscalls/abi/errno.ts";
import * as aarch64 from "syscalls/abi/numbers/aarch64.ts";
import type { SyscallName } from "syscalls/abi/numbers/names.ts";
import * as x86_64 from "syscalls/abi/numbers/x86_64.ts";
import { SyscallError, type SyscallFailure } from "syscalls/abi/syscall_error.ts";
import { hostArch, lastErrno, libc, type Word, type WordBytes, wordBytes } from "./library.ts";

/** What a call is for, in the words of its error: `{ verb: "open", object: '"/etc/passwd"' }`. */
export type Attempt = Omit<SyscallFailure, "errno">;

const numbers = new Map<SyscallName, WordBytes>();

function numberOf(name: SyscallName): WordBytes {
  const table = hostArch() === "x86_64" ? x86_64 : aarch64;
  const number = wordBytes(table.syscallNumber(name));
  numbers.set(name, number);
  return number;
}

/**
 * Makes one system call and gives its result, or `-errno`. Interrupted calls are not repeated.
 *
 * For calls whose result fits 31 bits, which is all of them but those that give addresses and offsets.
 */
export function rawCall(
  name: SyscallName,
  a: Word = 0,
  b: Word = 0,
  c: Word = 0,
  d: Word = 0,
  e: Word = 0,
  f: Word = 0,
): number {
  const result = libc().syscall(numbers.get(name) ?? numberOf(name), a, b, c, d, e, f);
  return result === -1 ? -lastErrno() : result;
}

/** {@link rawCall}, repeated for as long as a signal interrupts it. */
export function retryCall(
  name: SyscallName,
  a?: Word,
  b?: Word,
  c?: Word,
  d?: Word,
  e?: Word,
  f?: Word,
): number {
  let result: number;
  do result = rawCall(name, a, b, c, d, e, f); while (result === -ERRNO.EINTR);
  return result;
}

/**
 * Makes one system call, again when a signal interrupts it, and gives its result.
 * @throws {SyscallError} when it fails
 */
export function call(
  attempt: Attempt,
  name: SyscallName,
  a?: Word,
  b?: Word,
  c?: Word,
  d?: Word,
  e?: Word,
  f?: Word,
): number {
  const result = retryCall(name, a, b, c, d, e, f);
  if (result < 0) throw new SyscallError({ ...attempt, errno: -result });
  return result;
}

/**
 * Does something whose failure in the kernel changes nothing that matters; `reason` says to the reader why.
 * Gives null when it failed. Never for a security setting.
 */
export function bestEffort<Result>(_reason: string, action: () => Result): Result | null {
  try {
    return action();
  } catch (cause) {
    if (cause instanceof SyscallError) return null;
    throw cause;
  }
}
