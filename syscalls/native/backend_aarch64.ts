import { ERRNO } from "syscalls/abi/errno.ts";
import { syscallNumber } from "syscalls/abi/numbers/aarch64.ts";
import type { SyscallName } from "syscalls/abi/numbers/names.ts";
import { SA, sigaction } from "syscalls/abi/signal.ts";
import { MSG } from "syscalls/abi/socket.ts";
import * as asm from "./assembler_aarch64.ts";
import type { CodeLabel } from "./code_buffer.ts";
import { CodeSizeError } from "./code_size_error.ts";
import type { Layout } from "./layout.ts";
import { outcomeOf } from "./outcome.ts";
import type { Condition, Instruction, Label, Operand, Program } from "./program.ts";
import { REPORT_SIZE, TAG_FAILED } from "./report.ts";

type Of<Kind extends Instruction["kind"]> = Extract<Instruction, { readonly kind: Kind }>;

const RESULT = asm.x(0);
const ARGUMENTS: readonly asm.Register[] = [0, 1, 2, 3, 4, 5].map(asm.x);
const NUMBER = asm.x(8);
const VALUE = asm.x(9);
const OTHER = asm.x(10);
const ADDRESS = asm.x(11);
const WRITABLE = asm.x(19);
const SAVED_RESULT = asm.x(22);
const FAILING_STEP = asm.x(23);

/** How far back `adr` reaches. */
const ADR_REACH = 0x10_0000;

/** A conditional branch reaches 1 MiB; the longest way is from the first call to the last slow path. */
const LARGEST_CODE = 0x10_0000;

/**
 * Machine code of a program for aarch64: raw `svc`s, no stack.
 *
 * x0 holds the last result, x19 the address of the writable segment; a failing step is in x23,
 * the way back from the sending of a report in x30. The kernel clobbers x0 only.
 */
export function emitAarch64(program: Program, layout: Layout): Uint8Array<ArrayBuffer> {
  return new Emitter(program, layout).emit();
}

/** Code that instructions share, behind all of them. */
interface Endings {
  /** What sends a report: write(2) alone, or first what raises no SIGPIPE. */
  readonly by: "any" | "write";
  readonly send: CodeLabel;
  readonly failed: CodeLabel;
}

class Emitter {
  readonly #a = new asm.AssemblerAarch64();
  readonly #labels = new Map<Label, CodeLabel>();
  /** What is done about failures, behind the straight line. */
  readonly #slowPaths: (() => void)[] = [];
  readonly #anyway = this.#endings("any");
  readonly #byWrite = this.#endings("write");
  #current = this.#anyway;
  readonly #program: Program;
  readonly #layout: Layout;

  constructor(program: Program, layout: Layout) {
    this.#program = program;
    this.#layout = layout;
  }

  emit(): Uint8Array<ArrayBuffer> {
    const a = this.#a;
    a.mov(WRITABLE, BigInt(this.#layout.writable));
    a.mov(VALUE, BigInt(this.#program.initialReportFd));
    this.#storeSlot(VALUE, this.#program.reportFd);
    a.mov(RESULT, 0n);
    for (const instruction of this.#program.instructions) this.#instruction(instruction);
    // A program that falls off its end has no exit; SIGTRAP tells.
    a.brk();
    for (const slowPath of this.#slowPaths) slowPath();
    for (const endings of [this.#anyway, this.#byWrite]) {
      this.#failure(endings);
      this.#sending(endings);
    }
    if (a.length > LARGEST_CODE) throw new CodeSizeError(a.length, LARGEST_CODE);
    return a.finish(this.#layout.code);
  }

  #instruction(instruction: Instruction): void {
    switch (instruction.kind) {
      case "call":
        return this.#call(instruction);
      case "branch":
        return this.#branch(instruction);
      case "jump":
        return this.#a.b(this.#label(instruction.to));
      case "label":
        return this.#a.place(this.#label(instruction.label));
      case "set":
        this.#load(VALUE, instruction.value);
        return this.#storeSlot(VALUE, instruction.slot);
      case "fork":
        return this.#fork(instruction);
      case "signalExit":
        return this.#signalExit(instruction);
      case "writeReports":
        this.#current = this.#byWrite;
        return;
      case "report":
        return this.#report(instruction);
      case "fail":
        this.#load(RESULT, instruction.errno);
        this.#a.neg(RESULT, RESULT);
        this.#a.mov(FAILING_STEP, BigInt(instruction.step));
        return this.#a.b(this.#current.failed);
      case "exit":
        return this.#exit(instruction.code);
      default:
        return unreachable(instruction);
    }
  }

  #call(call: Of<"call">): void {
    for (const [index, arg] of call.args.entries()) this.#load(ARGUMENTS[index] ?? RESULT, arg);
    const retry = this.#system(call.call);
    const first = call.args[0];
    const again = (): void => {
      if (first !== undefined) this.#load(RESULT, first);
      this.#a.b(retry);
    };
    const { retriesEintr, forgiven } = outcomeOf(call);
    this.#whenNegative(call.step, retriesEintr ? again : undefined, forgiven);
    if (call.into !== undefined) this.#storeSlot(RESULT, call.into);
  }

  #fork(fork: Of<"fork">): void {
    const a = this.#a;
    a.mov(RESULT, fork.flags);
    for (const register of ARGUMENTS.slice(1, 5)) a.mov(register, 0n);
    const retry = this.#system("clone");
    const again = (): void => {
      a.mov(RESULT, fork.flags);
      a.b(retry);
    };
    this.#whenNegative(fork.step, again, []);
    this.#storeSlot(RESULT, fork.into);
    a.cbz(RESULT, this.#label(fork.child));
  }

  /** Sends a negative result to a slow path, which comes back here, makes the call again or fails. */
  #whenNegative(
    step: number,
    again: (() => void) | undefined,
    forgiven: readonly number[] | "all",
  ): void {
    const a = this.#a;
    if (forgiven === "all" && again === undefined) return;
    const slow = a.label();
    const done = a.label();
    const { failed } = this.#current;
    a.cmp(RESULT, 0n);
    a.bCond("lt", slow);
    a.place(done);
    this.#slowPaths.push(() => {
      a.place(slow);
      if (again !== undefined) this.#unlessEintr(again);
      if (forgiven === "all") return a.b(done);
      for (const errno of forgiven) this.#branchOnErrno(RESULT, errno, done);
      a.mov(FAILING_STEP, BigInt(step));
      a.b(failed);
    });
  }

  #unlessEintr(again: () => void): void {
    const other = this.#a.label();
    this.#a.cmp(RESULT, BigInt(-ERRNO.EINTR));
    this.#a.bCond("ne", other);
    again();
    this.#a.place(other);
  }

  #branch({ of, when, to }: Of<"branch">): void {
    const target = this.#label(to);
    if (of === "result") return this.#branchWhen(RESULT, when, target);
    this.#loadSlot(VALUE, of.slot, of.offset ?? 0);
    this.#branchWhen(VALUE, when, target);
  }

  #branchWhen(register: asm.Register, when: Condition, to: CodeLabel): void {
    const a = this.#a;
    switch (when.kind) {
      case "failed":
      case "succeeded":
        a.cmp(register, 0n);
        return a.bCond(when.kind === "failed" ? "lt" : "ge", to);
      case "errno":
        return this.#branchOnErrno(register, when.errno, to);
      case "equals":
        a.mov(OTHER, when.value);
        a.cmp(register, OTHER);
        return a.bCond("eq", to);
      case "maskedEquals":
        a.mov(OTHER, when.mask);
        a.and(VALUE, register, OTHER);
        a.mov(OTHER, when.value);
        a.cmp(VALUE, OTHER);
        return a.bCond("eq", to);
      default:
        return unreachable(when);
    }
  }

  #branchOnErrno(register: asm.Register, errno: number, to: CodeLabel): void {
    this.#a.cmp(register, BigInt(-errno));
    this.#a.bCond("eq", to);
  }

  #signalExit({ into }: Of<"signalExit">): void {
    const a = this.#a;
    const handler = a.label();
    const over = a.label();
    a.b(over);
    a.place(handler);
    // The signal is the handler's first argument.
    a.add(RESULT, RESULT, 128n);
    this.#system("exit_group");
    a.place(over);
    a.adr(VALUE, handler);
    const { sa_handler, sa_flags, sa_restorer } = sigaction.offsets;
    this.#storeField(VALUE, into, sa_handler);
    this.#storeField(VALUE, into, sa_restorer);
    a.mov(VALUE, SA.of("SA_RESTORER"));
    this.#storeField(VALUE, into, sa_flags);
  }

  #report(report: Of<"report">): void {
    const a = this.#a;
    this.#load(VALUE, report.value);
    a.mov(OTHER, BigInt(report.tag) | BigInt(report.step) << 32n);
    // A report does not change what the next branch looks at.
    a.mov(SAVED_RESULT, RESULT);
    a.bl(this.#current.send);
    a.mov(RESULT, SAVED_RESULT);
  }

  #endings(by: Endings["by"]): Endings {
    return { by, send: this.#a.label(), failed: this.#a.label() };
  }

  /** Where a failure goes: -errno in x0, the step in x23. */
  #failure({ failed, send }: Endings): void {
    const a = this.#a;
    a.place(failed);
    a.neg(VALUE, RESULT);
    a.mov(OTHER, BigInt(TAG_FAILED));
    a.lsl(FAILING_STEP, FAILING_STEP, 32);
    a.orr(OTHER, OTHER, FAILING_STEP);
    a.bl(send);
    this.#exit(1);
  }

  /** Sends tag and step in x10, the value in x9, to the descriptor of the reports, a socket or a pipe. */
  #sending({ by, send }: Endings): void {
    const a = this.#a;
    a.place(send);
    const scratch = this.#layout.scratch - this.#layout.writable;
    a.str(OTHER, WRITABLE, scratch);
    a.str(VALUE, WRITABLE, scratch + 8);
    this.#offset(asm.x(1), WRITABLE, scratch);
    a.mov(asm.x(2), BigInt(REPORT_SIZE));
    if (by === "any") this.#sendOrWrite();
    else this.#writeOrEnd();
    a.ret();
  }

  #sendOrWrite(): void {
    const a = this.#a;
    const done = a.label();
    const send = a.label();
    a.place(send);
    this.#loadSlot(RESULT, this.#program.reportFd, 0);
    // SIGPIPE has its default again; only sendto(2) can be told not to raise it.
    a.mov(asm.x(3), MSG.of("MSG_NOSIGNAL"));
    a.mov(asm.x(4), 0n);
    a.mov(asm.x(5), 0n);
    this.#system("sendto");
    this.#branchOnErrno(RESULT, ERRNO.EINTR, send);
    a.cmp(RESULT, BigInt(-ERRNO.ENOTSOCK));
    a.bCond("ne", done);
    this.#write();
    a.place(done);
  }

  #writeOrEnd(): void {
    const written = this.#a.label();
    this.#write();
    this.#a.cmp(RESULT, 0n);
    this.#a.bCond("ge", written);
    this.#exit(1);
    this.#a.place(written);
  }

  #write(): void {
    const write = this.#a.label();
    this.#a.place(write);
    this.#loadSlot(RESULT, this.#program.reportFd, 0);
    this.#system("write");
    this.#branchOnErrno(RESULT, ERRNO.EINTR, write);
  }

  #exit(code: number): void {
    this.#a.mov(RESULT, BigInt(code));
    this.#system("exit_group");
  }

  /** Gives the place of the `svc`, where x8 and all arguments but the first are still what they were. */
  #system(name: SyscallName): CodeLabel {
    this.#a.mov(NUMBER, BigInt(syscallNumber(name)));
    const again = this.#a.label();
    this.#a.place(again);
    this.#a.svc();
    return again;
  }

  #load(to: asm.Register, operand: Operand): void {
    switch (operand.kind) {
      case "immediate":
        return this.#a.mov(to, BigInt(operand.value));
      case "data":
        return this.#dataAddress(to, this.#layout.data[operand.data] ?? 0);
      case "slot":
        return this.#loadSlot(to, operand.slot, operand.offset ?? 0);
      case "slotAddress":
        return this.#offset(to, WRITABLE, this.#slotOffset(operand.slot));
      default:
        return unreachable(operand);
    }
  }

  #dataAddress(to: asm.Register, address: number): void {
    const distance = address - this.#layout.code - this.#a.length;
    if (distance > -ADR_REACH) this.#a.adrDistance(to, distance);
    else this.#a.mov(to, BigInt(address));
  }

  /** `to = base + offset`. */
  #offset(to: asm.Register, base: asm.Register, offset: number): void {
    const low = offset % 4096;
    const high = offset - low;
    if (high !== 0) this.#a.add(to, base, BigInt(high));
    if (high === 0 || low !== 0) this.#a.add(to, high === 0 ? base : to, BigInt(low));
  }

  #loadSlot(to: asm.Register, slot: number, field: number): void {
    this.#accessSlot(this.#slotOffset(slot) + field, (base, offset) => {
      this.#a.ldr(to, base, offset);
    });
  }

  #storeSlot(from: asm.Register, slot: number): void {
    this.#storeField(from, slot, 0);
  }

  #storeField(from: asm.Register, slot: number, field: number): void {
    this.#accessSlot(this.#slotOffset(slot) + field, (base, offset) => {
      this.#a.str(from, base, offset);
    });
  }

  #accessSlot(offset: number, access: (base: asm.Register, offset: number) => void): void {
    if (offset < 32768) return access(WRITABLE, offset);
    this.#offset(ADDRESS, WRITABLE, offset);
    access(ADDRESS, 0);
  }

  #slotOffset(slot: number): number {
    return (this.#layout.slots[slot] ?? 0) - this.#layout.writable;
  }

  #label(label: Label): CodeLabel {
    let known = this.#labels.get(label);
    if (known === undefined) {
      known = this.#a.label();
      this.#labels.set(label, known);
    }
    return known;
  }
}

function unreachable(value: never): never {
  throw new TypeError(`Cannot compile ${JSON.stringify(value)}: unknown kind`);
}
