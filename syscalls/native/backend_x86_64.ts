import { ERRNO } from "syscalls/abi/errno.ts";
import { syscallNumber } from "syscalls/abi/numbers/x86_64.ts";
import type { SyscallName } from "syscalls/abi/numbers/names.ts";
import { MSG } from "syscalls/abi/socket.ts";
import type { Layout } from "./layout.ts";
import { outcomeOf } from "./outcome.ts";
import type { Condition, Instruction, Label, Operand, Program } from "./program.ts";
import { REPORT_SIZE, TAG_FAILED } from "./report.ts";
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

type Of<Kind extends Instruction["kind"]> = Extract<Instruction, { readonly kind: Kind }>;

/** The largest errno whose negative fits into the byte of a short compare. */
const NEAR_ERRNO = 128;

/**
 * Machine code of a program for x86-64: raw `syscall`s, no stack. Runs from its first byte.
 *
 * rax holds the last result; a failing step is in r12, the way back from the sending of a report in r13. The kernel
 * clobbers rax, rcx and r11 only.
 */
export function emitX8664(program: Program, layout: Layout): Uint8Array<ArrayBuffer> {
  return new Emitter(program, layout).emit();
}

class Emitter {
  readonly #code = new X8664Code();
  readonly #program: Program;
  readonly #layout: Layout;
  /** For each label of the program, the jumps that wait for it. */
  readonly #jumps: number[][] = [];
  /** Where the shared endings begin. */
  #failed = 0;
  #send = 0;

  constructor(program: Program, layout: Layout) {
    this.#program = program;
    this.#layout = layout;
  }

  emit(): Uint8Array<ArrayBuffer> {
    const code = this.#code;
    // The shared endings come first, so that every way to them is known when it is written.
    const start = code.jumpAhead(null);
    this.#sending();
    this.#failure();
    code.land(start);
    code.constant(RAX, this.#program.initialReportFd);
    code.store(this.#slot(this.#program.reportFd), RAX);
    code.constant(RAX, 0);
    for (const instruction of this.#program.instructions) this.#instruction(instruction);
    // A program that falls off its end has no exit; ud2 tells by SIGILL.
    code.bytes(0x0b0f, 2);
    return code.finish();
  }

  #instruction(instruction: Instruction): void {
    switch (instruction.kind) {
      case "call":
        return this.#call(instruction);
      case "branch":
        return this.#branch(instruction);
      case "jump":
        return this.#ahead(null, instruction.to);
      case "label":
        return this.#place(instruction.label);
      case "set":
        this.#load(RCX, instruction.value);
        return this.#code.store(this.#slot(instruction.slot), RCX);
      case "fork":
        return this.#fork(instruction);
      case "report":
        return this.#report(instruction);
      case "fail":
        this.#load(RAX, instruction.errno);
        this.#code.negateResult();
        this.#code.constant(R12, instruction.step);
        return this.#code.jumpBack(this.#failed);
      case "exit":
        return this.#exit(instruction.code);
      default:
        return unreachable(instruction);
    }
  }

  #call(call: Of<"call">): void {
    const code = this.#code;
    const { data, slots } = this.#layout;
    code.loadArguments(call.args, data, slots);
    const { retriesEintr, forgiven } = outcomeOf(call);
    const number = syscallNumber(call.call);
    const { step, into } = call;
    if (forgiven !== "all" && isNear(forgiven)) {
      code.checkedSystem(number, { step, retriesEintr, forgiven, failed: this.#failed });
    } else {
      const retry = code.length;
      code.system(number);
      this.#whenNegative(step, retriesEintr ? retry : null, forgiven);
    }
    if (into !== undefined) code.store(slots[into] ?? 0, RAX);
  }

  #fork(fork: Of<"fork">): void {
    const code = this.#code;
    code.wide(RDI, fork.flags);
    for (const register of [RSI, RDX, R10, R8]) code.constant(register, 0);
    const retry = code.length;
    this.#system("clone");
    this.#whenNegative(fork.step, retry, []);
    code.store(this.#slot(fork.into), RAX);
    code.test(RAX);
    this.#ahead(CONDITION.equal, fork.child);
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

  #branch({ of, when, to }: Of<"branch">): void {
    if (of === "result") return this.#jumpWhen(RAX, when, to);
    this.#code.load(RCX, this.#slot(of.slot) + (of.offset ?? 0));
    this.#jumpWhen(RCX, when, to);
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
      default:
        return unreachable(when);
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

  #report({ tag, step, value }: Of<"report">): void {
    const code = this.#code;
    const { scratch } = this.#layout;
    this.#load(RCX, value);
    code.storeConstant(scratch, tag);
    code.storeConstant(scratch + 4, step);
    code.store(scratch + 8, RCX);
    // A report does not change what the next branch looks at.
    code.copy(R14, RAX);
    this.#sendAndReturn();
    code.copy(RAX, R14);
  }

  /** Where a failure goes: -errno in rax, the step in r12. */
  #failure(): void {
    const code = this.#code;
    const { scratch } = this.#layout;
    this.#failed = code.length;
    code.negateResult();
    code.storeConstant(scratch, TAG_FAILED);
    code.storeLow(scratch + 4, R12);
    code.store(scratch + 8, RAX);
    this.#sendAndReturn();
    this.#exit(1);
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
    code.load(RDI, this.#slot(this.#program.reportFd));
    code.constant(RSI, this.#layout.scratch);
    code.constant(RDX, REPORT_SIZE);
    // SIGPIPE has its default again; only sendto(2) can be told not to raise it.
    code.wide(R10, MSG.of("MSG_NOSIGNAL"));
    code.constant(R8, 0);
    code.constant(R9, 0);
    const retry = code.length;
    this.#system("sendto");
    code.compare(RAX, -ERRNO.EINTR);
    code.shortJumpBack(CONDITION.equal, retry);
    code.compare(RAX, -ERRNO.ENOTSOCK);
    const sent = code.jumpAhead(CONDITION.notEqual);
    const write = code.length;
    this.#system("write");
    code.compare(RAX, -ERRNO.EINTR);
    code.shortJumpBack(CONDITION.equal, write);
    code.land(sent);
    // jmp r13
    code.bytes(0xe5ff41, 3);
  }

  #exit(status: number): void {
    this.#code.constant(RDI, status);
    this.#system("exit_group");
  }

  #system(name: SyscallName): void {
    this.#code.system(syscallNumber(name));
  }

  #load(register: number, operand: Operand): void {
    switch (operand.kind) {
      case "immediate":
        return this.#code.wide(register, operand.value);
      case "data":
        return this.#code.constant(register, this.#layout.data[operand.data] ?? 0);
      case "slot":
        return this.#code.load(register, this.#slot(operand.slot) + (operand.offset ?? 0));
      case "slotAddress":
        return this.#code.constant(register, this.#slot(operand.slot));
      default:
        return unreachable(operand);
    }
  }

  #slot(slot: number): number {
    return this.#layout.slots[slot] ?? 0;
  }

  #ahead(condition: number | null, label: Label): void {
    (this.#jumps[label] ??= []).push(this.#code.jumpAhead(condition));
  }

  #place(label: Label): void {
    for (const jump of this.#jumps[label] ?? []) this.#code.land(jump);
  }
}

/** Whether the code for a call's forgiven errnos is short enough for jumps of one byte. */
function isNear(forgiven: readonly number[]): boolean {
  return forgiven.length <= 16 && forgiven.every((errno) => errno <= NEAR_ERRNO);
}

function unreachable(value: never): never {
  throw new TypeError(`Cannot compile ${JSON.stringify(value)}: unknown kind`);
}
