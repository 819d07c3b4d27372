import type { FlagFamily, Flags } from "syscalls/abi/flags.ts";
import type { SyscallName } from "syscalls/abi/numbers/names.ts";
import type { Condition, Label, Operand, OperandText, Slot, StepNote } from "./program.ts";

/** What a call may say beyond its name and arguments. */
export interface CallOptions {
  /** Whose call it is; without it, the step begun last. */
  readonly step?: number;
  /** Errnos that are no failure, or "all"; without it, none. */
  readonly forgive?: readonly number[] | "all";
  /** Where the result goes as well. */
  readonly into?: Slot;
}

/** Where a branch goes and when. Without `of` it looks at the result of the last call. */
export interface BranchOptions {
  readonly of?: Slot | { readonly slot: Slot; readonly offset?: number };
  readonly when: Condition;
  readonly to: Label;
}

/** What a fork needs. */
export interface ForkOptions {
  /** Flags of clone(2), with the signal that the child's end sends in the low byte. */
  readonly flags: bigint;
  readonly flagsText: string;
  /** Where the child goes on. */
  readonly child: Label;
  /** Where the parent finds the child's pid. */
  readonly into: Slot;
  readonly step?: number;
}

/** What a report says; without `step`, of the step begun last. */
export interface ReportOptions {
  readonly tag: number;
  readonly value: Operand;
  readonly step?: number;
}

/**
 * Where the instructions of a program go, one after the other: into a `Program` to be read, compared and compiled later
 * (`ProgramBuilder`), or at once into machine code (`x8664Writer`).
 */
export interface ProgramSink {
  /** The slot that holds the descriptor of the reports: a program that moves the descriptor sets it. */
  readonly reportFd: Slot;
  /** Begins a step: the calls that follow belong to it. Gives its index. */
  step(note: StepNote): number;
  /**
   * The address of text that ends in NUL. Equal texts share their bytes.
   * @throws {RangeError} when there is a NUL inside
   */
  cString(text: string): Operand;
  /** The address of bytes; `text` is how a listing shows them. */
  bytes(content: Uint8Array, text?: OperandText, align?: 1 | 8): Operand;
  /** The address of a table of addresses with NULL at its end: an argv, an envp. */
  pointers(list: readonly Operand[]): Operand;
  /** The address of a struct with addresses of other data in it, at byte offsets of `content`. */
  bytesWithPointers(
    content: Uint8Array,
    pointers: readonly { readonly offset: number; readonly to: Operand }[],
    text?: OperandText,
  ): Operand;
  /** A number. Negative ones are as the kernel sees them, in two's complement. */
  immediate(value: bigint | number, text?: OperandText): Operand;
  /** Flags, by name in a listing. */
  flags<Family extends string, Name extends string>(
    family: FlagFamily<Family, Name>,
    value: Flags<Family>,
  ): Operand;
  /** A memory cell of `size` bytes (a multiple of 8), zero when the program starts. */
  slot(size?: number): Slot;
  /** What is in the first 8 bytes of a slot. */
  value(slot: Slot, text?: string): Operand;
  /** The 8 bytes at `offset` of a slot: a field of a struct that the kernel wrote there. */
  field(slot: Slot, offset: number, text?: string): Operand;
  /** Where a slot is. */
  addressOf(slot: Slot, text?: string): Operand;
  /** A new label, to be branched to and then placed. */
  label(): Label;
  /** Puts a label before the next instruction. From here on it can no longer be branched to. */
  place(label: Label): void;
  call(name: SyscallName, args: readonly Operand[], options?: CallOptions): void;
  branch(options: BranchOptions): void;
  jump(to: Label): void;
  set(slot: Slot, value: Operand): void;
  fork(options: ForkOptions): void;
  /** Fills a slot of 32 bytes with a `struct sigaction` whose handler ends the process with exit code 128 + the signal. */
  signalExit(into: Slot): void;
  /**
   * From here on reports, those of failures included, are sent by write(2) and nothing else: a seccomp filter may answer to what
   * is otherwise tried first with death. A lost reader is a SIGPIPE then; what cannot be written ends the program with exit code 1.
   */
  writeReports(): void;
  report(options: ReportOptions): void;
  /** Reports a failure of a step and ends the process with 1. */
  fail(errno: Operand, step?: number): void;
  /** Ends the process, exit code 0 to 255. */
  exit(code: number): void;
}
