import { ERRNO } from "syscalls/abi/errno.ts";
import type { FlagFamily, Flags } from "syscalls/abi/flags.ts";
import { syscallNumber } from "syscalls/abi/numbers/x86_64.ts";
import type { SyscallName } from "syscalls/abi/numbers/names.ts";
import { SA, sigaction } from "syscalls/abi/signal.ts";
import { writeElf } from "./elf.ts";
import { HEADERS_SIZE, segments, WRITABLE_BASE } from "./layout.ts";
import { failureReading } from "./outcome.ts";
import type { Condition, Data, DataId, Label, Operand, Slot } from "./program.ts";
import {
  addBytes,
  addBytesWithPointers,
  addCString,
  addPointers,
  dataBytes,
  emptyData,
  type ReadOnlyData,
} from "./read_only_data.ts";
import { REPORT_SIZE } from "./report.ts";
import type {
  BranchOptions,
  CallOptions,
  ForkOptions,
  ProgramSink,
  ReportOptions,
} from "./sink.ts";
import {
  checkedSystem,
  codeBytes,
  CONDITION,
  emptyCode,
  forgetFailure,
  jumpAhead,
  jumpBack,
  land,
  loadArguments,
  put,
  putCompare,
  putCompareRsi,
  putConstant,
  putConstant64,
  putCopy,
  putLoad,
  putNegate,
  putStore,
  putStoreConstant,
  putSystem,
  putTest,
  R10,
  R12,
  R14,
  R8,
  RAX,
  RCX,
  RDI,
  RDX,
  RSI,
  type X8664Code,
} from "./x86_64_code.ts";
import { type Endings, putEndings, SCRATCH, sendAndReturn } from "./x86_64_endings.ts";

/** No jump waits for a label; no data has this number. */
const NONE = -1;

/**
 * Writes a program for x86-64 straight into machine code, without a `Program` in between: what a container is started
 * by. `link` sends a `Program` through the same writer, so both are the same code.
 *
 * Raw `syscall`s, no stack. rax holds the last result; a failing step is in r12, the way back from the sending of a report
 * in r13. The kernel clobbers rax, rcx and r11 only.
 */
export interface X8664Writer extends ProgramSink {
  /** Data as a builder has it. */
  copyData(data: Data): Operand;
  /** The whole program as a static executable. */
  finish(): Uint8Array<ArrayBuffer>;
}

/** What the functions here, which are the writer's methods, work on. */
interface Writer extends X8664Writer {
  readonly code: X8664Code;
  readonly data: ReadOnlyData;
  /** Address of each slot, and where the next one goes. */
  readonly slots: number[];
  writableEnd: number;
  /** For each label the last jump that waits for it; in that jump's distance is the one before, and so on to {@link NONE}. */
  readonly jumps: number[];
  currentStep: number;
  endings: Endings;
}

/** @param initialReportFd the descriptor that reports go to when the program starts */
export function x8664Writer(initialReportFd: number): X8664Writer {
  const code = emptyCode();
  const reportFdAt = SCRATCH + REPORT_SIZE;
  // The shared endings come first, so that every way to them is known when it is written.
  const start = jumpAhead(code, null);
  const endings = putEndings(code, reportFdAt, "any");
  land(code, start);
  putConstant(code, RAX, initialReportFd);
  putStore(code, reportFdAt, RAX);
  putConstant(code, RAX, 0);
  const writer: Writer = {
    code,
    endings,
    data: emptyData(HEADERS_SIZE),
    slots: [reportFdAt],
    writableEnd: reportFdAt + 8,
    jumps: [],
    currentStep: -1,
    reportFd: 0 as Slot,
    ...METHODS,
  };
  return writer;
}

function finish(this: Writer): Uint8Array<ArrayBuffer> {
  // A program that falls off its end has no exit; ud2 tells by SIGILL.
  put(this.code, 0x90900b0f);
  const layout = segments("x86_64", this.data.end, this.writableEnd - WRITABLE_BASE);
  return writeElf(layout, dataBytes(this.data), codeBytes(this.code));
}

function step(this: Writer): number {
  return ++this.currentStep;
}

function cString(this: Writer, text: string): Operand {
  return { kind: "data", data: addCString(this.data, text) };
}

function bytes(this: Writer, content: Uint8Array, _text?: unknown, align: 1 | 8 = 8): Operand {
  return { kind: "data", data: addBytes(this.data, content, align) };
}

function pointers(this: Writer, list: readonly Operand[]): Operand {
  return { kind: "data", data: addPointers(this.data, list.map(dataOf)) };
}

function bytesWithPointers(
  this: Writer,
  content: Uint8Array,
  holes: readonly { readonly offset: number; readonly to: Operand }[],
): Operand {
  const targets = holes.map(({ offset, to }) => ({ offset, to: dataOf(to) }));
  return { kind: "data", data: addBytesWithPointers(this.data, content, 8, targets) };
}

function copyData(this: Writer, { bytes, align, pointers }: Data): Operand {
  return { kind: "data", data: addBytesWithPointers(this.data, bytes, align, pointers) };
}

function dataOf(operand: Operand): DataId {
  return operand.kind === "data" ? operand.data : NONE as DataId;
}

function immediate(value: bigint | number): Operand {
  return { kind: "immediate", value };
}

function flags<Family extends string, Name extends string>(
  _family: FlagFamily<Family, Name>,
  value: Flags<Family>,
): Operand {
  return { kind: "immediate", value };
}

function slot(this: Writer, size = 8): Slot {
  const address = this.writableEnd;
  this.writableEnd = address + size;
  return this.slots.push(address) - 1 as Slot;
}

function valueOf(of: Slot): Operand {
  return { kind: "slot", slot: of };
}

function field(of: Slot, offset: number): Operand {
  return { kind: "slot", slot: of, offset };
}

function addressOf(of: Slot): Operand {
  return { kind: "slotAddress", slot: of };
}

function label(this: Writer): Label {
  return this.jumps.push(NONE) - 1 as Label;
}

function place(this: Writer, here: Label): void {
  const { code, jumps } = this;
  let hole = jumps[here] ?? NONE;
  while (hole !== NONE) {
    const before = code.words[hole] as number;
    land(code, hole);
    hole = before;
  }
  jumps[here] = NONE;
}

function call(
  this: Writer,
  name: SyscallName,
  args: readonly Operand[],
  options: CallOptions = {},
): void {
  const { code } = this;
  loadArguments(code, args, this.data.addresses, this.slots);
  const number = syscallNumber(name);
  const { retriesEintr, forgiven } = failureReading(name, options.forgive ?? []);
  if (forgiven === "all") {
    const retry = code.length;
    putSystem(code, number);
    if (retriesEintr) {
      putCompare(code, RAX, -ERRNO.EINTR);
      jumpBack(code, retry, CONDITION.equal);
    }
  } else {
    checkedSystem(code, number, {
      step: options.step ?? this.currentStep,
      retriesEintr,
      forgiven,
      failed: this.endings.failed,
    });
  }
  if (options.into !== undefined) putStore(code, this.slots[options.into] as number, RAX);
}

function branch(this: Writer, { of, when, to }: BranchOptions): void {
  if (of === undefined) return jumpWhen(this, RAX, when, to);
  const address = typeof of === "number"
    ? addressOfSlot(this, of)
    : addressOfSlot(this, of.slot) + (of.offset ?? 0);
  putLoad(this.code, RCX, address);
  jumpWhen(this, RCX, when, to);
}

function jump(this: Writer, to: Label): void {
  ahead(this, null, to);
}

function set(this: Writer, cell: Slot, value: Operand): void {
  load(this, RCX, value);
  putStore(this.code, addressOfSlot(this, cell), RCX);
}

function fork(this: Writer, options: ForkOptions): void {
  const { code } = this;
  putConstant64(code, RDI, options.flags);
  for (const register of [RSI, RDX, R10, R8]) putConstant(code, register, 0);
  checkedSystem(code, syscallNumber("clone"), {
    step: options.step ?? this.currentStep,
    retriesEintr: true,
    forgiven: [],
    failed: this.endings.failed,
  });
  putStore(code, addressOfSlot(this, options.into), RAX);
  putTest(code, RAX);
  ahead(this, CONDITION.equal, options.child);
}

function signalExit(this: Writer, into: Slot): void {
  const { code } = this;
  const action = addressOfSlot(this, into);
  const at = (field: keyof typeof sigaction.offsets): number => action + sigaction.offsets[field];
  const over = jumpAhead(code, null);
  const handler = code.length;
  // add edi, 128: the signal is the handler's first argument.
  put(code, 0xc7819090, 128);
  putSystem(code, syscallNumber("exit_group"));
  land(code, over);
  // lea rcx, [rip + distance]
  put(code, 0x0d8d4890, handler - code.length - 2 << 2);
  putStore(code, at("sa_handler"), RCX);
  // It never returns, but without one there would be no signal frame.
  putStore(code, at("sa_restorer"), RCX);
  putConstant64(code, RCX, SA.of("SA_RESTORER"));
  putStore(code, at("sa_flags"), RCX);
}

function writeReports(this: Writer): void {
  const { code } = this;
  const over = jumpAhead(code, null);
  this.endings = putEndings(code, addressOfSlot(this, this.reportFd), "write");
  land(code, over);
  forgetFailure(code);
}

function report(this: Writer, options: ReportOptions): void {
  const { code } = this;
  load(this, RCX, options.value);
  putStoreConstant(code, SCRATCH, options.tag);
  putStoreConstant(code, SCRATCH + 4, options.step ?? this.currentStep);
  putStore(code, SCRATCH + 8, RCX);
  // A report does not change what the next branch looks at.
  putCopy(code, R14, RAX);
  sendAndReturn(code, this.endings);
  putCopy(code, RAX, R14);
}

function fail(this: Writer, errno: Operand, failing?: number): void {
  const { code } = this;
  load(this, RAX, errno);
  putNegate(code);
  putConstant(code, R12, failing ?? this.currentStep);
  jumpBack(code, this.endings.failed);
}

function exit(this: Writer, status: number): void {
  putConstant(this.code, RDI, status);
  putSystem(this.code, syscallNumber("exit_group"));
}

const METHODS = {
  finish,
  step,
  cString,
  bytes,
  pointers,
  bytesWithPointers,
  copyData,
  immediate,
  flags,
  slot,
  value: valueOf,
  field,
  addressOf,
  label,
  place,
  call,
  branch,
  jump,
  set,
  fork,
  signalExit,
  writeReports,
  report,
  fail,
  exit,
} as const;

function jumpWhen(writer: Writer, register: 0 | 1, when: Condition, to: Label): void {
  const { code } = writer;
  switch (when.kind) {
    case "failed":
      putTest(code, register);
      return ahead(writer, CONDITION.sign, to);
    case "succeeded":
      putTest(code, register);
      return ahead(writer, CONDITION.noSign, to);
    case "errno":
      putCompare(code, register, -when.errno);
      return ahead(writer, CONDITION.equal, to);
    case "equals":
      return jumpOnEqual(writer, register, when.value, to);
    case "maskedEquals":
      // The mask goes through rdx, so that the result stays for the next branch.
      putCopy(code, RDX, register);
      putConstant64(code, RSI, when.mask);
      put(code, 0x90f22148); // and rdx, rsi
      putConstant64(code, RSI, when.value);
      put(code, 0x90f23948); // cmp rdx, rsi
      return ahead(writer, CONDITION.equal, to);
  }
}

function jumpOnEqual(writer: Writer, register: 0 | 1, value: bigint, to: Label): void {
  const signed = BigInt.asIntN(64, value);
  if (signed >= -0x8000_0000n && signed <= 0x7fff_ffffn) {
    putCompare(writer.code, register, Number(signed));
  } else {
    putConstant64(writer.code, RSI, signed);
    putCompareRsi(writer.code, register);
  }
  ahead(writer, CONDITION.equal, to);
}

function load(writer: Writer, register: number, operand: Operand): void {
  const { code } = writer;
  switch (operand.kind) {
    case "immediate":
      return putConstant64(code, register, BigInt(operand.value));
    case "data":
      return putConstant(code, register, writer.data.addresses[operand.data] ?? 0);
    case "slot":
      return putLoad(code, register, addressOfSlot(writer, operand.slot) + (operand.offset ?? 0));
    case "slotAddress":
      return putConstant(code, register, addressOfSlot(writer, operand.slot));
  }
}

function addressOfSlot({ slots }: Writer, of: Slot): number {
  return slots[of] ?? 0;
}

function ahead({ code, jumps }: Writer, condition: number | null, to: Label): void {
  const hole = jumpAhead(code, condition);
  code.words[hole] = jumps[to] ?? NONE;
  jumps[to] = hole;
}
