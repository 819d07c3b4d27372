import type { FlagFamily, Flags } from "syscalls/abi/flags.ts";
import type { SyscallName } from "syscalls/abi/numbers/names.ts";
import { sigaction } from "syscalls/abi/signal.ts";
import { encodeCString } from "syscalls/abi/text.ts";
import {
  type Data,
  type DataId,
  type Instruction,
  type Label,
  type Operand,
  type OperandText,
  type Program,
  type Slot,
  type StepNote,
  textOf,
} from "./program.ts";
import type {
  BranchOptions,
  CallOptions,
  ForkOptions,
  ProgramSink,
  ReportOptions,
} from "./sink.ts";

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

const MOST_ARGUMENTS = 6;

/** Collects a program, piece by piece, and checks that its pieces fit. */
export class ProgramBuilder implements ProgramSink {
  readonly #instructions: Instruction[] = [];
  readonly #data: Data[] = [];
  readonly #slotSizes: number[] = [];
  readonly #steps: StepNote[] = [];
  readonly #strings = new Map<string, Operand>();
  /** For each label, whether it has been placed. */
  readonly #placed: boolean[] = [];
  readonly #reportFd: Slot;
  readonly #initialReportFd: number;

  /** @param initialReportFd the descriptor that reports go to when the program starts */
  constructor(initialReportFd: number) {
    this.#reportFd = this.slot();
    this.#initialReportFd = initialReportFd;
  }

  /** The slot that holds the descriptor of the reports: a program that moves the descriptor sets it. */
  get reportFd(): Slot {
    return this.#reportFd;
  }

  /** Begins a step: the calls that follow belong to it. Gives its index. */
  step(note: StepNote): number {
    return this.#steps.push(note) - 1;
  }

  /**
   * The address of text that ends in NUL. Equal texts share their bytes.
   * @throws {RangeError} when there is a NUL inside
   */
  cString(text: string): Operand {
    const known = this.#strings.get(text);
    if (known !== undefined) return known;
    const operand = this.#addData(encodeCString(text), 1, [], () => JSON.stringify(text));
    this.#strings.set(text, operand);
    return operand;
  }

  /** The address of bytes; `text` is how a listing shows them. */
  bytes(content: Uint8Array, text?: OperandText, align: 1 | 8 = 8): Operand {
    return this.#addData(content, align, [], text);
  }

  /** The address of a table of addresses with NULL at its end: an argv, an envp. */
  pointers(list: readonly Operand[]): Operand {
    const pointers = list.map((operand, index) => {
      if (operand.kind !== "data") throw new TypeError(`Cannot point at ${operand.kind}: no data`);
      this.#checkOperand(operand);
      return { offset: 8 * index, to: operand.data };
    });
    const text = (): string => `[${list.map((operand) => textOf(operand) ?? "?").join(", ")}]`;
    return this.#addData(new Uint8Array(8 * (list.length + 1)), 8, pointers, text);
  }

  /** The address of a struct with addresses of other data in it, at byte offsets of `content`. */
  bytesWithPointers(
    content: Uint8Array,
    pointers: readonly { readonly offset: number; readonly to: Operand }[],
    text?: OperandText,
  ): Operand {
    const resolved = pointers.map(({ offset, to }) => {
      if (to.kind !== "data") throw new TypeError(`Cannot point at ${to.kind}: no data`);
      this.#checkOperand(to);
      return { offset, to: to.data };
    });
    return this.#addData(content, 8, resolved, text);
  }

  /** A number. Negative ones are as the kernel sees them, in two's complement. */
  immediate(value: bigint | number, text?: OperandText): Operand {
    const operand: Writable<Extract<Operand, { kind: "immediate" }>> = {
      kind: "immediate",
      value,
    };
    if (text !== undefined) operand.text = text;
    return operand;
  }

  /** Flags, by name in a listing. */
  flags<Family extends string, Name extends string>(
    family: FlagFamily<Family, Name>,
    value: Flags<Family>,
  ): Operand {
    return { kind: "immediate", value, text: () => family.text(value) };
  }

  /** A memory cell of `size` bytes (a multiple of 8), zero when the program starts. */
  slot(size = 8): Slot {
    if (size < 8 || size % 8 !== 0) {
      throw new RangeError(`Cannot make slot of ${size} bytes: it is no multiple of 8`);
    }
    return this.#slotSizes.push(size) - 1 as Slot;
  }

  /** What is in the first 8 bytes of a slot. */
  value(slot: Slot, text?: string): Operand {
    return text === undefined ? { kind: "slot", slot } : { kind: "slot", slot, text };
  }

  /** The 8 bytes at `offset` of a slot: a field of a struct that the kernel wrote there. */
  field(slot: Slot, offset: number, text?: string): Operand {
    return text === undefined
      ? { kind: "slot", slot, offset }
      : { kind: "slot", slot, offset, text };
  }

  /** Where a slot is. */
  addressOf(slot: Slot, text?: string): Operand {
    return text === undefined ? { kind: "slotAddress", slot } : { kind: "slotAddress", slot, text };
  }

  /** A new label, to be branched to and then placed. */
  label(): Label {
    return this.#placed.push(false) - 1 as Label;
  }

  /** Puts a label before the next instruction. From here on it can no longer be branched to. */
  place(label: Label): void {
    if (this.#placed[label] !== false) {
      throw new RangeError(`Cannot place label ${label}: it has been placed, or is no label`);
    }
    this.#placed[label] = true;
    this.#instructions.push({ kind: "label", label });
  }

  call(name: SyscallName, args: readonly Operand[], options: CallOptions = {}): void {
    if (args.length > MOST_ARGUMENTS) {
      throw new RangeError(`Cannot call ${name}: it has ${args.length} arguments, not 6 or fewer`);
    }
    for (let i = 0; i < args.length; i++) this.#checkOperand(args[i] as Operand);
    const instruction: Writable<Extract<Instruction, { kind: "call" }>> = {
      kind: "call",
      call: name,
      args,
      step: this.#stepOr(options.step),
      forgive: options.forgive ?? [],
    };
    if (options.into !== undefined) {
      this.#checkSlot(options.into);
      instruction.into = options.into;
    }
    this.#instructions.push(instruction);
  }

  branch({ of, when, to }: BranchOptions): void {
    const field = typeof of === "number" ? { slot: of } : of;
    if (field !== undefined) this.#checkField(field);
    this.#checkForward(to);
    this.#instructions.push({ kind: "branch", of: field ?? "result", when, to });
  }

  jump(to: Label): void {
    this.#checkForward(to);
    this.#instructions.push({ kind: "jump", to });
  }

  set(slot: Slot, value: Operand): void {
    this.#checkSlot(slot);
    this.#checkOperand(value);
    this.#instructions.push({ kind: "set", slot, value });
  }

  fork({ flags, flagsText, child, into, step }: ForkOptions): void {
    this.#checkForward(child);
    this.#checkSlot(into);
    const index = this.#stepOr(step);
    this.#instructions.push({ kind: "fork", flags, flagsText, child, into, step: index });
  }

  signalExit(into: Slot): void {
    if ((this.#slotSizes[into] ?? 0) < sigaction.size) {
      throw new RangeError(`Cannot use slot ${into}: it has no ${sigaction.size} bytes`);
    }
    this.#instructions.push({ kind: "signalExit", into });
  }

  writeReports(): void {
    this.#instructions.push({ kind: "writeReports" });
  }

  report({ tag, value, step }: ReportOptions): void {
    this.#checkOperand(value);
    this.#instructions.push({ kind: "report", tag, step: this.#stepOr(step), value });
  }

  /** Reports a failure of a step and ends the process with 1. */
  fail(errno: Operand, step?: number): void {
    this.#checkOperand(errno);
    this.#instructions.push({ kind: "fail", step: this.#stepOr(step), errno });
  }

  /** Ends the process, exit code 0 to 255. */
  exit(code: number): void {
    this.#instructions.push({ kind: "exit", code });
  }

  /** @throws {RangeError} when a label that is branched to was never placed */
  build(): Program {
    const missing = this.#placed.indexOf(false);
    if (missing >= 0) throw new RangeError(`Cannot build program: label ${missing} is not placed`);
    return {
      instructions: this.#instructions,
      data: this.#data,
      slotSizes: this.#slotSizes,
      reportFd: this.#reportFd,
      initialReportFd: this.#initialReportFd,
      steps: this.#steps,
    };
  }

  #addData(
    content: Uint8Array,
    align: 1 | 8,
    pointers: Data["pointers"],
    text: OperandText | undefined,
  ): Operand {
    const data = this.#data.push({ bytes: content, align, pointers }) - 1 as DataId;
    return text === undefined ? { kind: "data", data } : { kind: "data", data, text };
  }

  #stepOr(step: number | undefined): number {
    const index = step ?? this.#steps.length - 1;
    if (this.#steps[index] === undefined) {
      throw new RangeError(`Cannot add instruction: there is no step ${index}`);
    }
    return index;
  }

  #checkOperand(operand: Operand): void {
    if (operand.kind === "data" && this.#data[operand.data] === undefined) {
      throw new RangeError(`Cannot use data ${operand.data}: it is of another program`);
    }
    if (operand.kind === "slot") this.#checkField(operand);
    if (operand.kind === "slotAddress") this.#checkSlot(operand.slot);
  }

  #checkSlot(slot: Slot): void {
    if (this.#slotSizes[slot] === undefined) {
      throw new RangeError(`Cannot use slot ${slot}: it is of another program`);
    }
  }

  #checkField({ slot, offset = 0 }: { slot: Slot; offset?: number }): void {
    this.#checkSlot(slot);
    if (offset < 0 || offset % 8 !== 0 || offset + 8 > (this.#slotSizes[slot] ?? 0)) {
      throw new RangeError(`Cannot use slot ${slot}: it has no 8 bytes at ${offset}`);
    }
  }

  #checkForward(label: Label): void {
    if (this.#placed[label] !== false) {
      throw new RangeError(`Cannot branch to label ${label}: it is behind, or is no label`);
    }
  }
}
