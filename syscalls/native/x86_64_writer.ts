import { ERRNO } from "syscalls/abi/errno.ts";
import type { FlagFamily, Flags } from "syscalls/abi/flags.ts";
import { syscallNumber } from "syscalls/abi/numbers/x86_64.ts";
import type { SyscallName } from "syscalls/abi/numbers/names.ts";
import { MSG } from "syscalls/abi/socket.ts";
import { writeElf } from "./elf.ts";
import { HEADERS_SIZE, segments, WRITABLE_BASE } from "./layout.ts";
import { failureReading } from "./outcome.ts";
import type { Condition, DataId, Label, Operand, Slot } from "./program.ts";
import { ReadOnlyData } from "./read_only_data.ts";
import { REPORT_SIZE, TAG_FAILED } from "./report.ts";
import type {
  BranchOptions,
  CallOptions,
  ForkOptions,
  ProgramSink,
  ReportOptions,
} from "./sink.ts";
import {
  CONDITION,
  R10,
  R12,
  R14,
  R8,
  R9,
  RAX,
  RCX,
  RDI,
  RDX,
  RSI,
  X8664Code,
} from "./x86_64_code.ts";

/** Where a report is put together. */
const SCRATCH = WRITABLE_BASE;

/**
 * Writes a program for x86-64 straight into machine code, without a `Program` in between: what a container is started
 * by. `link` sends a `Program` through the same writer, so both are the same code.
 *
 * Raw `syscall`s, no stack. rax holds the last result; a failing step is in r12, the way back from the sending of a report
 * in r13. The kernel clobbers rax, rcx and r11 only.
 */
export class X8664Writer implements ProgramSink {
  readonly #code = new X8664Code();
  readonly #data = new ReadOnlyData(HEADERS_SIZE);
  /** Address of each slot, and where the next one goes. */
  readonly #slots: number[] = [];
  #writableEnd = SCRATCH + REPORT_SIZE;
  /** For each label, the jumps that wait for it. */
  readonly #jumps: number[][] = [];
  #step = -1;
  /** Where the shared endings begin. */
  #failed = 0;
  #send = 0;
  readonly reportFd: Slot;

  /** @param initialReportFd the descriptor that reports go to when the program starts */
  constructor(initialReportFd: number) {
    const code = this.#code;
    this.reportFd = this.slot();
    // The shared endings come first, so that every way to them is known when it is written.
    const start = code.jumpAhead(null);
    this.#sending();
    this.#failure();
    code.land(start);
    code.wide(RAX, BigInt(initialReportFd));
    code.store(this.#address(this.reportFd), RAX);
    code.constant(RAX, 0);
  }

  /** The whole program as a static executable. */
  finish(): Uint8Array<ArrayBuffer> {
    // A program that falls off its end has no exit; ud2 tells by SIGILL.
    this.#code.bytes(0x0b0f, 2);
    const layout = segments("x86_64", this.#data.end, this.#writableEnd - WRITABLE_BASE);
    return writeElf(layout, this.#data.finish(), this.#code.finish());
  }

  step(): number {
    return ++this.#step;
  }

  cString(text: string): Operand {
    return { kind: "data", data: this.#data.cString(text) };
  }

  bytes(content: Uint8Array, _text?: unknown, align: 1 | 8 = 8): Operand {
    return { kind: "data", data: this.#data.bytes(content, align) };
  }

  pointers(list: readonly Operand[]): Operand {
    const targets = list.map((operand) => operand.kind === "data" ? operand.data : NO_DATA);
    return { kind: "data", data: this.#data.pointers(targets) };
  }

  /** Bytes with addresses of other data in them, at byte offsets. */
  bytesWithPointers(
    content: Uint8Array,
    align: 1 | 8,
    pointers: readonly { readonly offset: number; readonly to: DataId }[],
  ): Operand {
    return { kind: "data", data: this.#data.bytesWithPointers(content, align, pointers) };
  }

  immediate(value: bigint | number): Operand {
    return { kind: "immediate", value };
  }

  flags<Family extends string, Name extends string>(
    _family: FlagFamily<Family, Name>,
    value: Flags<Family>,
  ): Operand {
    return { kind: "immediate", value };
  }

  slot(size = 8): Slot {
    const slot = this.#slots.length as Slot;
    this.#slots.push(this.#writableEnd);
    this.#writableEnd += size;
    return slot;
  }

  value(slot: Slot): Operand {
    return { kind: "slot", slot };
  }

  field(slot: Slot, offset: number): Operand {
    return { kind: "slot", slot, offset };
  }

  addressOf(slot: Slot): Operand {
    return { kind: "slotAddress", slot };
  }

  label(): Label {
    return this.#jumps.push([]) - 1 as Label;
  }

  place(label: Label): void {
    const jumps = this.#jumps[label] ?? [];
    for (let i = 0; i < jumps.length; i++) this.#code.land(jumps[i] as number);
  }

  call(name: SyscallName, args: readonly Operand[], options: CallOptions = {}): void {
    const code = this.#code;
    code.loadArguments(args, this.#data.addresses, this.#slots);
    const number = syscallNumber(name);
    const step = options.step ?? this.#step;
    const { retriesEintr, forgiven } = failureReading(name, options.forgive ?? []);
    if (forgiven !== "all" && isNear(forgiven)) {
      code.checkedSystem(number, { step, retriesEintr, forgiven, failed: this.#failed });
    } else {
      const retry = code.length;
      code.system(number);
      this.#whenNegative(step, retriesEintr ? retry : null, forgiven);
    }
    if (options.into !== undefined) code.store(this.#address(options.into), RAX);
  }

  branch({ of, when, to }: BranchOptions): void {
    if (of === undefined) return this.#jumpWhen(RAX, when, to);
    const address = typeof of === "number"
      ? this.#address(of)
      : this.#address(of.slot) + (of.offset ?? 0);
    this.#code.load(RCX, address);
    this.#jumpWhen(RCX, when, to);
  }

  jump(to: Label): void {
    this.#ahead(null, to);
  }

  set(slot: Slot, value: Operand): void {
    this.#load(RCX, value);
    this.#code.store(this.#address(slot), RCX);
  }

  fork({ flags, child, into, step }: ForkOptions): void {
    const code = this.#code;
    code.wide(RDI, flags);
    for (const register of [RSI, RDX, R10, R8]) code.constant(register, 0);
    const retry = code.length;
    code.system(syscallNumber("clone"));
    this.#whenNegative(step ?? this.#step, retry, []);
    code.store(this.#address(into), RAX);
    code.test(RAX);
    this.#ahead(CONDITION.equal, child);
  }

  report({ tag, value, step }: ReportOptions): void {
    const code = this.#code;
    this.#load(RCX, value);
    code.storeConstant(SCRATCH, tag);
    code.storeConstant(SCRATCH + 4, step ?? this.#step);
    code.store(SCRATCH + 8, RCX);
    // A report does not change what the next branch looks at.
    code.copy(R14, RAX);
    this.#sendAndReturn();
    code.copy(RAX, R14);
  }

  fail(errno: Operand, step?: number): void {
    this.#load(RAX, errno);
    this.#code.negateResult();
    this.#code.constant(R12, step ?? this.#step);
    this.#code.jumpBack(this.#failed);
  }

  exit(status: number): void {
    this.#code.constant(RDI, status);
    this.#code.system(syscallNumber("exit_group"));
  }

  /** Goes on when the result is no failure or one that is forgiven, repeats the call from `retry` on EINTR, else fails. */
  #whenNegative(step: number, retry: number | null, forgiven: readonly number[] | "all"): void {
    if (forgiven === "all" && retry === null) return;
    const code = this.#code;
    code.test(RAX);
    const skip = code.jumpAhead(CONDITION.noSign);
    if (retry !== null) {
      code.compare(RAX, -ERRNO.EINTR);
      code.shortJumpBack(CONDITION.equal, retry);
    }
    if (forgiven === "all") return code.land(skip);
    const ends = [skip];
    for (const errno of forgiven) {
      code.compare(RAX, -errno);
      ends.push(code.jumpAhead(CONDITION.equal));
    }
    code.constant(R12, step);
    code.jumpBack(this.#failed);
    for (const jump of ends) code.land(jump);
  }

  #jumpWhen(register: 0 | 1, when: Condition, to: Label): void {
    const code = this.#code;
    switch (when.kind) {
      case "failed":
        code.test(register);
        return this.#ahead(CONDITION.sign, to);
      case "succeeded":
        code.test(register);
        return this.#ahead(CONDITION.noSign, to);
      case "errno":
        code.compare(register, -when.errno);
        return this.#ahead(CONDITION.equal, to);
      case "equals":
        return this.#jumpOnEqual(register, when.value, to);
      case "maskedEquals":
        // The mask goes through rdx, so that the result stays for the next branch.
        code.copy(RDX, register);
        code.wide(RSI, when.mask);
        code.bytes(0xf22148, 3); // and rdx, rsi
        code.wide(RSI, when.value);
        code.bytes(0xf23948, 3); // cmp rdx, rsi
        return this.#ahead(CONDITION.equal, to);
    }
  }

  #jumpOnEqual(register: 0 | 1, value: bigint, to: Label): void {
    const signed = BigInt.asIntN(64, value);
    if (signed >= -0x8000_0000n && signed <= 0x7fff_ffffn) {
      this.#code.compare(register, Number(signed));
    } else {
      this.#code.wide(RSI, signed);
      this.#code.compareRsi(register);
    }
    this.#ahead(CONDITION.equal, to);
  }

  /** Where a failure goes: -errno in rax, the step in r12. */
  #failure(): void {
    const code = this.#code;
    this.#failed = code.length;
    code.negateResult();
    code.storeConstant(SCRATCH, TAG_FAILED);
    code.storeLow(SCRATCH + 4, R12);
    code.store(SCRATCH + 8, RAX);
    this.#sendAndReturn();
    this.exit(1);
  }

  /** Goes to {@link #sending}, which comes back behind this. */
  #sendAndReturn(): void {
    const code = this.#code;
    // lea r13, [rip + 5]: behind the jump.
    code.bytes(0x2d8d4c, 3);
    code.u32(5);
    code.jumpBack(this.#send);
  }

  /** Sends the scratch to the descriptor of the reports, a socket or a pipe, and goes on at r13. */
  #sending(): void {
    const code = this.#code;
    this.#send = code.length;
    code.load(RDI, this.#address(this.reportFd));
    code.constant(RSI, SCRATCH);
    code.constant(RDX, REPORT_SIZE);
    // SIGPIPE has its default again; only sendto(2) can be told not to raise it.
    code.wide(R10, MSG.of("MSG_NOSIGNAL"));
    code.constant(R8, 0);
    code.constant(R9, 0);
    const retry = code.length;
    code.system(syscallNumber("sendto"));
    code.compare(RAX, -ERRNO.EINTR);
    code.shortJumpBack(CONDITION.equal, retry);
    code.compare(RAX, -ERRNO.ENOTSOCK);
    const sent = code.jumpAhead(CONDITION.notEqual);
    const write = code.length;
    code.system(syscallNumber("write"));
    code.compare(RAX, -ERRNO.EINTR);
    code.shortJumpBack(CONDITION.equal, write);
    code.land(sent);
    // jmp r13
    code.bytes(0xe5ff41, 3);
  }

  #load(register: number, operand: Operand): void {
    switch (operand.kind) {
      case "immediate":
        return this.#code.wide(register, BigInt(operand.value));
      case "data":
        return this.#code.constant(register, this.#data.addresses[operand.data] ?? 0);
      case "slot":
        return this.#code.load(register, this.#address(operand.slot) + (operand.offset ?? 0));
      case "slotAddress":
        return this.#code.constant(register, this.#address(operand.slot));
    }
  }

  #address(slot: Slot): number {
    return this.#slots[slot] ?? 0;
  }

  #ahead(condition: number | null, label: Label): void {
    (this.#jumps[label] ??= []).push(this.#code.jumpAhead(condition));
  }
}

/** No data has this number: a pointer to it is refused. */
const NO_DATA = -1 as DataId;

/** The largest errno whose negative fits into the byte of a short compare. */
const NEAR_ERRNO = 128;

/** Whether the code for a call's forgiven errnos is short enough for jumps of one byte. */
function isNear(forgiven: readonly number[]): boolean {
  for (let i = 0; i < forgiven.length; i++) {
    if (forgiven[i] as number > NEAR_ERRNO) return false;
  }
  return forgiven.length <= 16;
}
