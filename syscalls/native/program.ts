import type { SyscallName } from "syscalls/abi/numbers/names.ts";
import type { Brand } from "syscalls/abi/brand.ts";

/** A memory cell of the running program; its first 8 bytes are its value. Zero when the program starts. */
export type Slot = Brand<number, "Slot">;
/** A place in the code. Branches go forward only, so every program ends. */
export type Label = Brand<number, "Label">;
/** Bytes in the program's data, by index into {@link Program.data}. */
export type DataId = Brand<number, "DataId">;

/** How a person reads an operand: flags by name, a struct's fields. A function is asked only when somebody reads. */
export type OperandText = string | (() => string);

/** What an instruction works on. */
export type Operand =
  /** 64 bits; a number where it is a safe integer that needs no `bigint`. */
  | {
    readonly kind: "immediate";
    readonly value: bigint | number;
    readonly text?: OperandText;
  }
  | { readonly kind: "data"; readonly data: DataId; readonly text?: OperandText }
  /** The 8 bytes in the slot, `offset` bytes into it (0 when absent; a multiple of 8): a field of a struct the kernel wrote there. */
  | {
    readonly kind: "slot";
    readonly slot: Slot;
    readonly offset?: number;
    readonly text?: OperandText;
  }
  | { readonly kind: "slotAddress"; readonly slot: Slot; readonly text?: OperandText };

/** The text of an operand; undefined when it was given none. */
export function textOf({ text }: Operand): string | undefined {
  return typeof text === "function" ? text() : text;
}

/** Fixed bytes of the program's data section, read-only when the program runs. */
export interface Data {
  readonly bytes: Uint8Array;
  readonly align: 1 | 8;
  /** 8-byte holes at byte offsets of `bytes`, filled with the address of other data when the program is linked. */
  readonly pointers: readonly { readonly offset: number; readonly to: DataId }[];
}

/** What a branch looks at. Results are those of the kernel: negative errno on failure, compared as signed 64 bits. */
export type Condition =
  | { readonly kind: "failed" }
  | { readonly kind: "succeeded" }
  | { readonly kind: "errno"; readonly errno: number }
  | { readonly kind: "equals"; readonly value: bigint }
  /** `(x & mask) === value`: a bit field, such as the file type in `st_mode`. */
  | { readonly kind: "maskedEquals"; readonly mask: bigint; readonly value: bigint };

export type Instruction =
  /**
   * A system call. Its result goes to the result register (what the next branch looks at) and into `into`.
   * A failure that `forgive` does not list is reported (`TAG_FAILED`, the step, the errno) and ends the program with exit code 1.
   * EINTR is retried (but not for close(2), whose descriptor is gone all the same).
   */
  | {
    readonly kind: "call";
    readonly call: SyscallName;
    readonly args: readonly Operand[];
    /** Which of {@link Program.steps} this belongs to. */
    readonly step: number;
    readonly forgive: readonly number[] | "all";
    readonly into?: Slot;
  }
  /** Jumps when the last call's result, or the 8 bytes at `offset` (0 when absent) in a slot, meet the condition. */
  | {
    readonly kind: "branch";
    readonly of: "result" | { readonly slot: Slot; readonly offset?: number };
    readonly when: Condition;
    readonly to: Label;
  }
  | { readonly kind: "jump"; readonly to: Label }
  | { readonly kind: "label"; readonly label: Label }
  /** Puts a value (or an address) into a slot. */
  | { readonly kind: "set"; readonly slot: Slot; readonly value: Operand }
  /**
   * clone(2) on the same stack, which nobody uses: the child goes on at `child`, the parent with the next instruction, the child's pid in `into`.
   * A child that shares the memory shares the slots, and what reports are put together in.
   */
  | {
    readonly kind: "fork";
    readonly flags: bigint;
    readonly flagsText: string;
    readonly child: Label;
    readonly into: Slot;
    readonly step: number;
  }
  /**
   * Fills a slot of 32 bytes with a `struct sigaction` whose handler ends the process with exit code 128 + the signal. It needs
   * the stack that execve(2) gave the program.
   */
  | { readonly kind: "signalExit"; readonly into: Slot }
  /**
   * Reports of the instructions behind this are sent by write(2) and nothing else. A lost reader is a SIGPIPE then, and what cannot
   * be written ends the program with exit code 1: whoever waits for it must not wait for ever.
   */
  | { readonly kind: "writeReports" }
  /** Writes a report (see report.ts) to the descriptor in {@link Program.reportFd}. A lost reader is no failure. */
  | {
    readonly kind: "report";
    readonly tag: number;
    readonly step: number;
    readonly value: Operand;
  }
  /** Reports `TAG_FAILED` with the errno given and exits with 1. */
  | { readonly kind: "fail"; readonly step: number; readonly errno: Operand }
  | { readonly kind: "exit"; readonly code: number };

/** What a person is told about one step: its words and where in config.json it comes from (a JSON pointer, or "" for the runtime's own). */
export interface StepNote {
  readonly label: string;
  readonly origin: string;
}

/** A whole program: data, no code of any machine yet. */
export interface Program {
  readonly instructions: readonly Instruction[];
  readonly data: readonly Data[];
  /** Size in bytes of each slot: 8 or more, a multiple of 8. */
  readonly slotSizes: readonly number[];
  /** The slot whose value is the descriptor that reports go to. Its initial value is `initialReportFd`. */
  readonly reportFd: Slot;
  readonly initialReportFd: number;
  readonly steps: readonly StepNote[];
}
