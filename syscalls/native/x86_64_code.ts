import { ERRNO } from "syscalls/abi/errno.ts";
import type { Operand } from "./program.ts";

/** Numbers of the registers, as instructions have them. */
export const RAX = 0;
export const RCX = 1;
export const RDX = 2;
export const RSI = 6;
export const RDI = 7;
export const R8 = 8;
export const R9 = 9;
export const R10 = 10;
export const R12 = 12;
export const R14 = 14;

/** Conditions of a jump: the low half of its opcode. */
export const CONDITION = { equal: 0x4, notEqual: 0x5, sign: 0x8, noSign: 0x9 } as const;

/** The registers of a system call's arguments, in order. */
const ARGUMENTS = new Uint8Array([RDI, RSI, RDX, R10, R8, R9]);

/** The largest that one argument takes. */
const ARGUMENT_SIZE = 10;

/** What becomes of a system call's result. */
export interface CallOutcome {
  /** The step to report when it fails. */
  readonly step: number;
  readonly retriesEintr: boolean;
  /** Errnos that are no failure, each 128 at most. */
  readonly forgiven: readonly number[];
  /** Where the code is that reports a failure. */
  readonly failed: number;
}

/**
 * x86-64 machine code as it grows, for the back end: the few forms that a straight line of system calls needs, written
 * byte by byte. A container is compiled at every start by code that has never run before, so what counts is how little is executed
 * for each instruction; the assembler serves where it may be convenient instead.
 *
 * Addresses are absolute and below 2^31.
 */
export class X8664Code {
  #bytes = new Uint8Array(65536);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** The code written so far. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  /**
   * Loads the arguments of a system call. Three quarters of all code is written here and in {@link checkedSystem}, so
   * these two are single functions without calls inside.
   */
  loadArguments(args: readonly Operand[], data: readonly number[], slots: readonly number[]): void {
    let at = this.#room(ARGUMENT_SIZE * args.length);
    const bytes = this.#bytes;
    for (let i = 0; i < args.length; i++) {
      const arg = args[i] as Operand;
      const register = ARGUMENTS[i] as number;
      const { kind } = arg;
      let value: number;
      if (kind === "immediate") {
        value = Number(arg.value);
        if (value < 0 || value > 0x7fff_ffff) {
          this.#length = at;
          this.wide(register, BigInt(arg.value));
          at = this.#length;
          continue;
        }
      } else if (kind === "data") value = data[arg.data] as number;
      else value = slots[arg.slot] as number;
      if (kind === "slot") {
        // mov register, [address]
        bytes[at++] = register >= 8 ? 0x4c : 0x48;
        bytes[at++] = 0x8b;
        bytes[at++] = (register & 7) << 3 | 4;
        bytes[at++] = 0x25;
        value += arg.offset ?? 0;
      } else {
        // mov register, value
        if (register >= 8) bytes[at++] = 0x41;
        bytes[at++] = 0xb8 | register & 7;
      }
      bytes[at++] = value;
      bytes[at++] = value >>> 8;
      bytes[at++] = value >>> 16;
      bytes[at++] = value >>> 24;
    }
    this.#length = at;
  }

  /** A system call that goes on unless it fails; what it does about failures is all in line. */
  checkedSystem(number: number, { step, retriesEintr, forgiven, failed }: CallOutcome): void {
    const retry = this.#length;
    this.system(number);
    const body = (retriesEintr ? 6 : 0) + 6 * forgiven.length + 11;
    let at = this.#room(5 + body);
    const end = at + 5 + body;
    const bytes = this.#bytes;
    // test rax, rax; jns end
    bytes[at++] = 0x48;
    bytes[at++] = 0x85;
    bytes[at++] = 0xc0;
    bytes[at++] = 0x79;
    bytes[at++] = body;
    // cmp rax, -errno; je retry or end
    for (let i = retriesEintr ? -1 : 0; i < forgiven.length; i++) {
      bytes[at++] = 0x48;
      bytes[at++] = 0x83;
      bytes[at++] = 0xf8;
      bytes[at++] = -(i < 0 ? ERRNO.EINTR : forgiven[i] as number);
      bytes[at++] = 0x74;
      bytes[at] = (i < 0 ? retry : end) - at - 1;
      at++;
    }
    // mov r12d, step; jmp failed
    const distance = failed - end;
    bytes[at] = 0x41;
    bytes[at + 1] = 0xbc;
    bytes[at + 2] = step;
    bytes[at + 3] = step >>> 8;
    bytes[at + 4] = step >>> 16;
    bytes[at + 5] = step >>> 24;
    bytes[at + 6] = 0xe9;
    bytes[at + 7] = distance;
    bytes[at + 8] = distance >>> 8;
    bytes[at + 9] = distance >>> 16;
    bytes[at + 10] = distance >>> 24;
  }

  /** The given bytes, up to four, the first in the low bits. */
  bytes(value: number, count: number): void {
    let at = this.#room(count);
    for (let rest = value, left = count; left > 0; left--, rest >>>= 8) this.#bytes[at++] = rest;
  }

  /** 32 bits, little-endian, signed or not. */
  u32(value: number): void {
    const at = this.#room(4);
    const bytes = this.#bytes;
    bytes[at] = value;
    bytes[at + 1] = value >>> 8;
    bytes[at + 2] = value >>> 16;
    bytes[at + 3] = value >>> 24;
  }

  /** `mov r32, imm32`, which clears the upper half; `xor` for zero, which changes flags. */
  constant(register: number, value: number): void {
    const low = register & 7;
    if (value === 0) {
      if (register >= 8) this.bytes(0xc03145 | low << 19 | low << 16, 3);
      else this.bytes(0xc031 | low << 11 | low << 8, 2);
      return;
    }
    if (register >= 8) this.bytes(0xb841 | low << 8, 2);
    else this.bytes(0xb8 | low, 1);
    this.u32(value);
  }

  /** A constant of up to 64 bits. */
  wide(register: number, value: bigint): void {
    const signed = BigInt.asIntN(64, value);
    if (signed >= 0n && signed <= 0xffff_ffffn) return this.constant(register, Number(signed));
    const high = register >> 3;
    if (signed < 0n && signed >= -0x8000_0000n) {
      this.bytes(0xc0c748 | high | (register & 7) << 16, 3);
      return this.u32(Number(signed));
    }
    this.bytes(0xb848 | high | (register & 7) << 8, 2);
    this.u32(Number(signed & 0xffff_ffffn));
    this.u32(Number(signed >> 32n & 0xffff_ffffn));
  }

  /** `mov r64, [address]` */
  load(register: number, address: number): void {
    this.#memory(0x8b, register, address);
  }

  /** `mov [address], r64` */
  store(address: number, register: number): void {
    this.#memory(0x89, register, address);
  }

  /** `mov dword [address], imm32` */
  storeConstant(address: number, value: number): void {
    this.bytes(0x2504c7, 3);
    this.u32(address);
    this.u32(value);
  }

  /** `mov dword [address], r32` of a register from r8 on. */
  storeLow(address: number, register: number): void {
    this.bytes(0x25048944 | (register & 7) << 19, 4);
    this.u32(address);
  }

  /** `mov to, from`, 64 bits */
  copy(to: number, from: number): void {
    this.bytes(0xc08948 | from >> 3 << 2 | to >> 3 | (from & 7) << 19 | (to & 7) << 16, 3);
  }

  /** `syscall` with the number in eax. */
  system(number: number): void {
    this.bytes(0xb8, 1);
    this.u32(number);
    this.bytes(0x050f, 2);
  }

  /** `neg rax` */
  negateResult(): void {
    this.bytes(0xd8f748, 3);
  }

  /** `test rax, rax`, or the same of rcx. */
  test(register: 0 | 1): void {
    this.bytes(register === 0 ? 0xc08548 : 0xc98548, 3);
  }

  /** `cmp register, imm`: rax or rcx, sign-extended. */
  compare(register: 0 | 1, value: number): void {
    if (value >= -128 && value <= 127) {
      this.bytes(0xf88348 | register << 16 | (value & 0xff) << 24, 4);
    } else {
      this.bytes(0xf88148 | register << 16, 3);
      this.u32(value);
    }
  }

  /** `cmp register, rsi` */
  compareRsi(register: 0 | 1): void {
    this.bytes(0xf03948 | register << 16, 3);
  }

  /** A jump to code that is there already, at most 126 bytes ago. */
  shortJumpBack(condition: number, target: number): void {
    const distance = target - this.#length - 2;
    if (distance < -128) throw new RangeError(`Cannot jump back ${-distance} bytes: 128 at most`);
    this.bytes(0x70 | condition | (distance & 0xff) << 8, 2);
  }

  /** `jmp` to code that is there already. */
  jumpBack(target: number): void {
    this.bytes(0xe9, 1);
    this.u32(target - this.#length - 4);
  }

  /** A jump to a place that comes later; gives where its distance is to be filled in by {@link land}. */
  jumpAhead(condition: number | null): number {
    if (condition === null) this.bytes(0xe9, 1);
    else this.bytes(0x800f | condition << 8, 2);
    this.u32(0);
    return this.#length - 4;
  }

  /** Lets a jump ahead end here. */
  land(hole: number): void {
    const distance = this.#length - hole - 4;
    const bytes = this.#bytes;
    bytes[hole] = distance;
    bytes[hole + 1] = distance >>> 8;
    bytes[hole + 2] = distance >>> 16;
    bytes[hole + 3] = distance >>> 24;
  }

  #memory(opcode: number, register: number, address: number): void {
    this.bytes(0x25040048 | register >> 3 << 2 | opcode << 8 | (register & 7) << 19, 4);
    this.u32(address);
  }

  #room(count: number): number {
    const at = this.#length;
    this.#length = at + count;
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(2 * this.#length);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    return at;
  }
}
