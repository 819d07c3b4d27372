import type { SyscallName } from "syscalls/abi/numbers/names.ts";
import type { CodeBuffer, CodeLabel } from "syscalls/native/code_buffer.ts";

/**
 * The registers of the entry stub. `result` is what the last system call returned; `a` and `b` live through
 * system calls, `c` and `d` do not. `stack` is the stack pointer as the kernel set it, `finish` what the dynamic
 * linker leaves for the C library, `base` the stub's first byte, `info` the info block.
 */
export type Cell = "stack" | "finish" | "base" | "info" | "a" | "b" | "c" | "d" | "result";

/** An argument of a system call: a constant, a register, or the address `offset` bytes behind one. */
export type Argument =
  | bigint
  | Exclude<Cell, "result">
  | { readonly from: Cell; readonly offset: number };

/** The few operations the entry stub is made of, on 64 bits, for one machine. */
export interface StubMachine {
  readonly code: CodeBuffer;
  /** Takes over from the dynamic linker: sets `stack` and `finish`. */
  enter(): void;
  /** Goes on to the engine's own entry at `target` with the stack at `stack`, as if there had been no stub. */
  leave(stack: Cell, target: Cell): void;
  call(name: SyscallName, ...args: readonly Argument[]): void;
  set(to: Cell, from: Cell | bigint): void;
  address(to: Cell, label: CodeLabel): void;
  /** `to = from + distance`. */
  add(to: Cell, from: Cell, distance: number): void;
  /** `to = to + from`. */
  sum(to: Cell, from: Cell): void;
  or(to: Cell, from: Cell): void;
  shiftLeft(cell: Cell, bits: number): void;
  shiftRight(to: Cell, from: Cell, bits: number): void;
  load(to: Cell, base: Cell, offset: number): void;
  store(base: Cell, offset: number, from: Cell): void;
  storeByte(base: Cell, offset: number, from: Cell): void;
  /** Jumps when `left`, as a signed number, stands so to a constant below 4096. */
  jumpIf(left: Cell, is: "<" | ">=" | "==" | "!=", right: number, to: CodeLabel): void;
  jump(to: CodeLabel): void;
  /** A C function `(number, six arguments) -> result` that makes a system call. */
  rawSyscall(): void;
}
