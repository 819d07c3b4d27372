import { ERRNO } from "syscalls/abi/errno.ts";
import { syscallNumber } from "syscalls/abi/numbers/x86_64.ts";
import type { SyscallName } from "syscalls/abi/numbers/names.ts";
import { MSG } from "syscalls/abi/socket.ts";
import * as asm from "./assembler_x86_64.ts";
import type { CodeLabel } from "./code_buffer.ts";
import type { Layout } from "./layout.ts";
import { outcomeOf } from "./outcome.ts";
import type { Condition, Instruction, Label, Operand, Program } from "./program.ts";
import { REPORT_SIZE, TAG_FAILED } from "./report.ts";

type Of<Kind extends Instruction["kind"]> = Extract<Instruction, { readonly kind: Kind }>;

const { RAX, RBX, RCX, RDX, RDI, RSI, R8, R9, R10, R12, R13, R14 } = asm;

const ARGUMENTS: readonly asm.Register[] = [RDI, RSI, RDX, R10, R8, R9];

/**
 * Machine code of a program for x86-64: raw `syscall`s, no stack.
 *
 * rax holds the last result, rbx the address of the writable segment; a failing step is in r12, the way back from the
 * sending of a report in r13. The kernel clobbers rax, rcx and r11 only.
 */
export function emitX8664(program: Program, layout: Layout): Uint8Array<ArrayBuffer> {
  return new Emitter(program, layout).emit();
}

class Emitter {
  readonly #a = new asm.AssemblerX8664();
  readonly #labels = new Map<Label, CodeLabel>();
  /** What is done about failures, behind the straight line. */
  readonly #slowPaths: (() => void)[] = [];
  readonly #send = this.#a.label();
  readonly #failed = this.#a.label();
  readonly #program: Program;
  readonly #layout: Layout;

  constructor(program: Program, layout: Layout) {
    this.#program = program;
    this.#layout = layout;
  }

  emit(): Uint8Array<ArrayBuffer> {
    const a = this.#a;
    a.mov(RBX, BigInt(this.#layout.writable));
    a.mov(RAX, BigInt(this.#program.initialReportFd));
    a.store(this.#slot(this.#program.reportFd), RAX);
    a.zero(RAX);
    for (const instruction of this.#program.instructions) this.#instruction(instruction);
    // A program that falls off its end has no exit; SIGILL tells.
    a.ud2();
    for (const slowPath of this.#slowPaths) slowPath();
    this.#failure();
    this.#sending();
    return a.finish(this.#layout.code);
  }

  #instruction(instruction: Instruction): void {
    switch (instruction.kind) {
      case "call":
        return this.#call(instruction);
      case "branch":
        return this.#branch(instruction);
      case "jump":
        return this.#a.jmp(this.#label(instruction.to));
      case "label":
        return this.#a.place(this.#label(instruction.label));
      case "set":
        this.#load(RCX, instruction.value);
        return this.#a.store(this.#slot(instruction.slot), RCX);
      case "fork":
        return this.#fork(instruction);
      case "report":
        return this.#report(instruction);
      case "fail":
        this.#load(RAX, instruction.errno);
        this.#a.neg(RAX);
        this.#a.mov(R12, BigInt(instruction.step));
        return this.#a.jmp(this.#failed);
      case "exit":
        return this.#exit(instruction.code);
      default:
        return unreachable(instruction);
    }
  }

  #call(call: Of<"call">): void {
    for (const [index, arg] of call.args.entries()) this.#load(ARGUMENTS[index] ?? RDI, arg);
    const retry = this.#a.label();
    this.#a.place(retry);
    this.#system(call.call);
    const { retriesEintr, forgiven } = outcomeOf(call);
    this.#whenNegative(call.step, retriesEintr ? retry : undefined, forgiven);
    if (call.into !== undefined) this.#a.store(this.#slot(call.into), RAX);
  }

  #fork(fork: Of<"fork">): void {
    this.#a.mov(RDI, fork.flags);
    for (const register of [RSI, RDX, R10, R8]) this.#a.zero(register);
    const retry = this.#a.label();
    this.#a.place(retry);
    this.#system("clone");
    this.#whenNegative(fork.step, retry, []);
    this.#a.store(this.#slot(fork.into), RAX);
    this.#a.test(RAX, RAX);
    this.#a.jcc("e", this.#label(fork.child));
  }

  /** Sends a negative result to a slow path, which comes back here, retries or fails. */
  #whenNegative(
    step: number,
    retry: CodeLabel | undefined,
    forgiven: readonly number[] | "all",
  ): void {
    const a = this.#a;
    if (forgiven === "all" && retry === undefined) return;
    const slow = a.label();
    const done = a.label();
    a.test(RAX, RAX);
    a.jcc("s", slow);
    a.place(done);
    this.#slowPaths.push(() => {
      a.place(slow);
      if (retry !== undefined) this.#jumpOnErrno(RAX, ERRNO.EINTR, retry);
      if (forgiven === "all") return a.jmp(done);
      for (const errno of forgiven) this.#jumpOnErrno(RAX, errno, done);
      a.mov(R12, BigInt(step));
      a.jmp(this.#failed);
    });
  }

  #branch({ of, when, to }: Of<"branch">): void {
    const target = this.#label(to);
    if (of === "result") return this.#jumpWhen(RAX, when, target);
    this.#a.load(RCX, this.#slot(of.slot, of.offset));
    this.#jumpWhen(RCX, when, target);
  }

  #jumpWhen(register: asm.Register, when: Condition, to: CodeLabel): void {
    const a = this.#a;
    switch (when.kind) {
      case "failed":
      case "succeeded":
        a.test(register, register);
        return a.jcc(when.kind === "failed" ? "s" : "ns", to);
      case "errno":
        return this.#jumpOnErrno(register, when.errno, to);
      case "equals":
        return this.#jumpOnEqual(register, when.value, to);
      case "maskedEquals":
        a.mov(RDX, when.mask);
        a.and(RDX, register);
        return this.#jumpOnEqual(RDX, when.value, to);
      default:
        return unreachable(when);
    }
  }

  #jumpOnErrno(register: asm.Register, errno: number, to: CodeLabel): void {
    this.#a.cmp(register, BigInt(-errno));
    this.#a.jcc("e", to);
  }

  #jumpOnEqual(register: asm.Register, value: bigint, to: CodeLabel): void {
    const signed = BigInt.asIntN(64, value);
    if (signed >= -0x80000000n && signed <= 0x7fffffffn) this.#a.cmp(register, signed);
    else {
      this.#a.mov(RSI, signed);
      this.#a.cmp(register, RSI);
    }
    this.#a.jcc("e", to);
  }

  #report(report: Of<"report">): void {
    const a = this.#a;
    const back = a.label();
    this.#load(RCX, report.value);
    a.storeImmediate(this.#scratch(0), report.tag, 32);
    a.storeImmediate(this.#scratch(4), report.step, 32);
    a.store(this.#scratch(8), RCX);
    // A report does not change what the next branch looks at.
    a.mov(R14, RAX);
    a.lea(R13, { label: back });
    a.jmp(this.#send);
    a.place(back);
    a.mov(RAX, R14);
  }

  /** Where a failure goes: -errno in rax, the step in r12. */
  #failure(): void {
    const a = this.#a;
    const back = a.label();
    a.place(this.#failed);
    a.neg(RAX);
    a.storeImmediate(this.#scratch(0), TAG_FAILED, 32);
    a.store(this.#scratch(4), R12, 32);
    a.store(this.#scratch(8), RAX);
    a.lea(R13, { label: back });
    a.jmp(this.#send);
    a.place(back);
    this.#exit(1);
  }

  /** Sends the scratch to the descriptor of the reports, a socket or a pipe, and goes on at r13. */
  #sending(): void {
    const a = this.#a;
    const write = a.label();
    const done = a.label();
    a.place(this.#send);
    a.load(RDI, this.#slot(this.#program.reportFd));
    a.mov(RSI, BigInt(this.#layout.scratch));
    a.mov(RDX, BigInt(REPORT_SIZE));
    // SIGPIPE has its default again; only sendto(2) can be told not to raise it.
    a.mov(R10, MSG.of("MSG_NOSIGNAL"));
    a.zero(R8);
    a.zero(R9);
    this.#system("sendto");
    this.#jumpOnErrno(RAX, ERRNO.EINTR, this.#send);
    a.cmp(RAX, BigInt(-ERRNO.ENOTSOCK));
    a.jcc("ne", done);
    a.place(write);
    this.#system("write");
    this.#jumpOnErrno(RAX, ERRNO.EINTR, write);
    a.place(done);
    a.jmpRegister(R13);
  }

  #exit(code: number): void {
    this.#a.mov(RDI, BigInt(code));
    this.#system("exit_group");
  }

  #system(name: SyscallName): void {
    this.#a.mov(RAX, BigInt(syscallNumber(name)));
    this.#a.syscall();
  }

  #load(to: asm.Register, operand: Operand): void {
    switch (operand.kind) {
      case "immediate":
        return operand.value === 0n ? this.#a.zero(to) : this.#a.mov(to, operand.value);
      case "data":
        return this.#a.mov(to, BigInt(this.#layout.data[operand.data] ?? 0));
      case "slot":
        return this.#a.load(to, this.#slot(operand.slot, operand.offset));
      case "slotAddress":
        return this.#a.mov(to, BigInt(this.#layout.slots[operand.slot] ?? 0));
      default:
        return unreachable(operand);
    }
  }

  #slot(slot: number, offset = 0): asm.Memory {
    return { base: RBX, disp: (this.#layout.slots[slot] ?? 0) + offset - this.#layout.writable };
  }

  #scratch(offset: number): asm.Memory {
    return { base: RBX, disp: this.#layout.scratch + offset - this.#layout.writable };
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
