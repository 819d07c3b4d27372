import { ERRNO } from "syscalls/abi/errno.ts";
import type { SyscallName } from "syscalls/abi/numbers/names.ts";
import { SA, sigaction } from "syscalls/abi/signal.ts";
import { decodeText } from "syscalls/abi/text.ts";
import { type Layout, layOut, readOnlyBytes } from "./layout.ts";
import { outcomeOf } from "./outcome.ts";
import type { Condition, Instruction, Label, Operand, Program, Slot } from "./program.ts";
import { type Report, TAG_FAILED } from "./report.ts";

/** The memory of a program that is interpreted, at the addresses that it would have on x86-64. */
export interface Memory {
  /** @throws {RangeError} when the program has no such bytes */
  read(address: bigint, size: number): Uint8Array;
  /** @throws {RangeError} when the program has no such bytes, or may not write them */
  write(address: bigint, bytes: Uint8Array): void;
  /** The text at an address, up to its NUL. */
  cString(address: bigint): string;
}

/** What stands in for Linux. */
export interface FakeKernel {
  /**
   * Answers a call of a process: its result, or -errno. `clone` answers with the pid of a new process, which then runs to its
   * end before the call returns. An `execve` or `execveat` that is answered with 0 ends the program.
   */
  syscall(name: SyscallName, args: readonly bigint[], memory: Memory, pid: bigint): bigint;
  /** Learns how a process ended. */
  ended?(pid: bigint, end: End): void;
}

/** How a process ended: by exit, by becoming another program, or by running off the program's end (SIGILL). */
export type End =
  | { readonly kind: "exited"; readonly code: number }
  | { readonly kind: "executed" }
  | { readonly kind: "crashed" };

/** A call that was made, EINTR's repetitions included. */
export interface TracedCall {
  readonly pid: bigint;
  readonly step: number;
  readonly call: SyscallName;
  readonly args: readonly bigint[];
  readonly result: bigint;
}

/** What a run of a program did. */
export interface Interpretation {
  readonly trace: readonly TracedCall[];
  /** In the order in which they were sent, with the descriptor they went to. */
  readonly reports: readonly (Report & { readonly pid: bigint; readonly fd: bigint })[];
  /** How the first process ended. */
  readonly end: End;
}

/** The pid of the first process of a run. */
export const FIRST_PID = 1000n;

/** Runs a program against a kernel that is none: what a back end makes of the program must do the same. */
export function interpret(program: Program, kernel: FakeKernel): Interpretation {
  const world: World = {
    program,
    kernel,
    layout: layOut(program, "x86_64"),
    labels: labelIndices(program),
    trace: [],
    reports: [],
  };
  const process = new Process(world, FIRST_PID, new Uint8Array(world.layout.writableSize));
  process.store(program.reportFd, BigInt(program.initialReportFd));
  return { trace: world.trace, reports: world.reports, end: process.run(0) };
}

interface World {
  readonly program: Program;
  readonly kernel: FakeKernel;
  readonly layout: Layout;
  readonly labels: ReadonlyMap<Label, number>;
  readonly trace: TracedCall[];
  readonly reports: (Report & { readonly pid: bigint; readonly fd: bigint })[];
}

function labelIndices(program: Program): ReadonlyMap<Label, number> {
  const labels = new Map<Label, number>();
  for (const [index, instruction] of program.instructions.entries()) {
    if (instruction.kind === "label") labels.set(instruction.label, index);
  }
  return labels;
}

class Process implements Memory {
  readonly #world: World;
  readonly #pid: bigint;
  readonly #readOnly: Uint8Array;
  readonly #writable: Uint8Array;
  #result = 0n;

  constructor(world: World, pid: bigint, writable: Uint8Array) {
    this.#world = world;
    this.#pid = pid;
    this.#readOnly = readOnlyBytes(world.program, world.layout);
    this.#writable = writable;
  }

  /** Runs from an instruction to the end of the process. */
  run(start: number): End {
    const { instructions } = this.#world.program;
    let next: number | End = start;
    while (typeof next === "number") {
      const instruction: Instruction | undefined = instructions[next];
      next = instruction === undefined ? { kind: "crashed" } : this.#step(instruction, next);
    }
    this.#world.kernel.ended?.(this.#pid, next);
    return next;
  }

  store(slot: Slot, value: bigint): void {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigInt64(0, BigInt.asIntN(64, value), true);
    this.write(BigInt(this.#world.layout.slots[slot] ?? 0), bytes);
  }

  read(address: bigint, size: number): Uint8Array {
    return (this.#find(this.#writable, this.#world.layout.writable, address, size) ??
      this.#find(this.#readOnly, this.#world.layout.readOnly, address, size) ??
      this.#noMemory(address, size)).slice();
  }

  write(address: bigint, bytes: Uint8Array): void {
    const { writable } = this.#world.layout;
    const place = this.#find(this.#writable, writable, address, bytes.length) ??
      this.#noMemory(address, bytes.length);
    place.set(bytes);
  }

  cString(address: bigint): string {
    let size = 0;
    while (this.read(address + BigInt(size), 1)[0] !== 0) size++;
    return decodeText(this.read(address, size));
  }

  #find(bytes: Uint8Array, base: number, address: bigint, size: number): Uint8Array | undefined {
    const offset = Number(address) - base;
    if (offset < 0 || offset + size > bytes.length) return undefined;
    return bytes.subarray(offset, offset + size);
  }

  #noMemory(address: bigint, size: number): never {
    throw new RangeError(`Cannot access ${size} bytes at 0x${address.toString(16)}: no memory`);
  }

  /** Does one instruction; gives the index of the next one, or how the process ended. */
  #step(instruction: Instruction, index: number): number | End {
    switch (instruction.kind) {
      case "call":
        return this.#call(instruction) ?? index + 1;
      case "branch":
        return this.#holds(instruction) ? this.#target(instruction.to) : index + 1;
      case "jump":
        return this.#target(instruction.to);
      case "label":
        return index + 1;
      case "set":
        this.store(instruction.slot, this.#value(instruction.value));
        return index + 1;
      case "fork":
        return this.#fork(instruction) ?? index + 1;
      case "signalExit":
        this.#fillAction(instruction.into);
        return index + 1;
      case "writeReports":
        return index + 1;
      case "report": {
        const { tag, step } = instruction;
        this.#report({ tag, step, value: this.#value(instruction.value) });
        return index + 1;
      }
      case "fail":
        return this.#fail(instruction.step, this.#value(instruction.errno));
      case "exit":
        return { kind: "exited", code: instruction.code & 0xff };
      default:
        return unreachable(instruction);
    }
  }

  /** The handler is at no address that the program could know otherwise. */
  #fillAction(into: Slot): void {
    const code = BigInt(this.#world.layout.code);
    const action = { sa_handler: code, sa_flags: SA.of("SA_RESTORER"), sa_restorer: code };
    this.write(BigInt(this.#world.layout.slots[into] ?? 0), sigaction.encode(action));
  }

  #call(call: Extract<Instruction, { kind: "call" }>): End | undefined {
    const args = call.args.map((arg) => this.#value(arg));
    if (call.call === "exit_group" || call.call === "exit") {
      return { kind: "exited", code: Number(BigInt.asUintN(8, args[0] ?? 0n)) };
    }
    const { retriesEintr, forgiven } = outcomeOf(call);
    this.#system(call.call, args, call.step, retriesEintr);
    const errno = Number(-this.#result);
    if (this.#result < 0n && forgiven !== "all" && !forgiven.includes(errno)) {
      return this.#fail(call.step, BigInt(errno));
    }
    if (call.into !== undefined) this.store(call.into, this.#result);
    const executes = call.call === "execve" || call.call === "execveat";
    return executes && this.#result === 0n ? { kind: "executed" } : undefined;
  }

  #fork(fork: Extract<Instruction, { kind: "fork" }>): End | undefined {
    this.#system("clone", [fork.flags, 0n, 0n, 0n, 0n], fork.step, true);
    if (this.#result < 0n) return this.#fail(fork.step, -this.#result);
    const child = new Process(this.#world, this.#result, this.#writable.slice());
    child.store(fork.into, 0n);
    child.run(this.#target(fork.child));
    this.store(fork.into, this.#result);
    return undefined;
  }

  #system(call: SyscallName, args: readonly bigint[], step: number, retries: boolean): void {
    const { kernel, trace } = this.#world;
    do {
      this.#result = kernel.syscall(call, args, this, this.#pid);
      trace.push({ pid: this.#pid, step, call, args, result: this.#result });
    } while (retries && this.#result === BigInt(-ERRNO.EINTR));
  }

  #report(report: Report): void {
    const fd = this.#slot(this.#world.program.reportFd, 0);
    this.#world.reports.push({ ...report, pid: this.#pid, fd });
  }

  #fail(step: number, errno: bigint): End {
    this.#report({ tag: TAG_FAILED, step, value: errno });
    return { kind: "exited", code: 1 };
  }

  #holds({ of, when }: Extract<Instruction, { kind: "branch" }>): boolean {
    return meets(of === "result" ? this.#result : this.#slot(of.slot, of.offset ?? 0), when);
  }

  #target(label: Label): number {
    const index = this.#world.labels.get(label);
    if (index === undefined) throw new RangeError(`Cannot find label ${label}: it is not placed`);
    return index;
  }

  #slot(slot: Slot, offset: number): bigint {
    const bytes = this.read(BigInt((this.#world.layout.slots[slot] ?? 0) + offset), 8);
    return new DataView(bytes.buffer).getBigInt64(0, true);
  }

  #value(operand: Operand): bigint {
    switch (operand.kind) {
      case "immediate":
        return BigInt.asIntN(64, BigInt(operand.value));
      case "data":
        return BigInt(this.#world.layout.data[operand.data] ?? 0);
      case "slot":
        return this.#slot(operand.slot, operand.offset ?? 0);
      case "slotAddress":
        return BigInt(this.#world.layout.slots[operand.slot] ?? 0);
      default:
        return unreachable(operand);
    }
  }
}

function meets(value: bigint, when: Condition): boolean {
  switch (when.kind) {
    case "failed":
      return value < 0n;
    case "succeeded":
      return value >= 0n;
    case "errno":
      return value === BigInt(-when.errno);
    case "equals":
      return value === BigInt.asIntN(64, when.value);
    case "maskedEquals":
      return BigInt.asIntN(64, value & when.mask) === BigInt.asIntN(64, when.value);
    default:
      return unreachable(when);
  }
}

function unreachable(value: never): never {
  throw new TypeError(`Cannot interpret ${JSON.stringify(value)}: unknown kind`);
}
