import type { Brand } from "syscalls/abi/brand.ts";
import { CodeBuffer, type CodeLabel } from "./code_buffer.ts";

/** A general register of aarch64, all 64 bits of it. */
export type Register = Brand<number, "aarch64 register">;

/** Register `x<n>`, 0 to 30. */
export function x(n: number): Register {
  if (!(n >= 0 && n <= 30)) throw new RangeError(`Cannot name register x${n}: there are 31`);
  return n as Register;
}

/** Reads as zero, takes any result. */
export const XZR = 31 as Register;
/** The stack pointer. Its code is that of XZR, 31 in the low bits; the instruction tells them apart, and here the number does. */
export const SP = 63 as Register;
/** Where `bl` leaves the address to return to. */
export const LR = 30 as Register;

/** What a conditional branch looks at: `hs`, `lo`, `hi`, `ls` unsigned; `ge`, `lt`, `gt`, `le` signed; `mi`nus, `pl`us. */
export type Condition =
  | "eq"
  | "ne"
  | "hs"
  | "lo"
  | "mi"
  | "pl"
  | "vs"
  | "vc"
  | "hi"
  | "ls"
  | "ge"
  | "lt"
  | "gt"
  | "le";

const CONDITIONS = "eq ne hs lo mi pl vs vc hi ls ge lt gt le".split(" ");

/** Sizes of a memory access, in bits. Loads of less than 64 put zeros above. */
export type Width = 8 | 16 | 32 | 64;

/** Writes aarch64 machine code. Operations are on 64 bits unless they say otherwise; the first operand is the target. */
export class AssemblerAarch64 extends CodeBuffer {
  /** Copies a register or loads a constant, in as few instructions as `movz`, `movn` and `movk` allow. */
  mov(to: Register, from: Register | bigint): void {
    if (typeof from === "bigint") return this.#constant(to, from);
    if (to === SP || from === SP) return this.add(to, from, 0n);
    this.u32(0xaa0003e0 | from << 16 | to);
  }

  /** Adds a register, shifted left by `shift`, or a constant below 4096 or a multiple of 4096 below 2^24. */
  add(to: Register, left: Register, right: Register | bigint, shift = 0): void {
    if (typeof right !== "bigint") this.#addRegister(0x8b000000 | shift << 10, to, left, right);
    else if (right < 0n) this.#addImmediate(0xd1000000, to, left, -right);
    else this.#addImmediate(0x91000000, to, left, right);
  }

  sub(to: Register, left: Register, right: Register | bigint, shift = 0): void {
    if (typeof right !== "bigint") this.#addRegister(0xcb000000 | shift << 10, to, left, right);
    else if (right < 0n) this.#addImmediate(0x91000000, to, left, -right);
    else this.#addImmediate(0xd1000000, to, left, right);
  }

  /** Compares with a register or a constant of magnitude below 4096 or a multiple of 4096 below 2^24. */
  cmp(left: Register, right: Register | bigint): void {
    if (typeof right !== "bigint") this.#addRegister(0xeb000000, XZR, left, right);
    else if (right < 0n) this.#addImmediate(0xb1000000, XZR, left, -right);
    else this.#addImmediate(0xf1000000, XZR, left, right);
  }

  and(to: Register, left: Register, right: Register): void {
    this.#three(0x8a000000, to, left, right);
  }
  orr(to: Register, left: Register, right: Register): void {
    this.#three(0xaa000000, to, left, right);
  }
  eor(to: Register, left: Register, right: Register): void {
    this.#three(0xca000000, to, left, right);
  }
  tst(left: Register, right: Register): void {
    this.#three(0xea000000, XZR, left, right);
  }
  neg(to: Register, from: Register): void {
    this.#three(0xcb000000, to, XZR, from);
  }
  mul(to: Register, left: Register, right: Register): void {
    this.#three(0x9b007c00, to, left, right);
  }
  udiv(to: Register, left: Register, right: Register): void {
    this.#three(0x9ac00800, to, left, right);
  }
  /** `to = from - left * right`: with {@link udiv}, the remainder. */
  msub(to: Register, left: Register, right: Register, from: Register): void {
    this.#three(0x9b008000 | plain(from) << 10, to, left, right);
  }
  /** Shifts left, by 1 to 63 bits. */
  lsl(to: Register, from: Register, bits: number): void {
    this.u32(0xd3400000 | (64 - bits) << 16 | (63 - bits) << 10 | plain(from) << 5 | plain(to));
  }
  /** Shifts right, zeros from above. */
  lsr(to: Register, from: Register, bits: number): void {
    this.u32(0xd340fc00 | bits << 16 | plain(from) << 5 | plain(to));
  }

  /** Loads from `[base + offset]`; `offset` is a multiple of the width below 4096 times it, or -256 to 255. */
  ldr(to: Register, base: Register, offset = 0, width: Width = 64): void {
    this.#access(sizeBits(width) | 0x400000, to, base, offset);
  }
  str(from: Register, base: Register, offset = 0, width: Width = 64): void {
    this.#access(sizeBits(width), from, base, offset);
  }
  /** Loads from `[base]`, then adds `step`, -256 to 255, to the base. */
  ldrPost(to: Register, base: Register, step: number, width: Width = 64): void {
    this.u32(sizeBits(width) | 0x38400400 | imm9(step) << 12 | addressable(base) << 5 | plain(to));
  }
  strPost(from: Register, base: Register, step: number, width: Width = 64): void {
    const operation = sizeBits(width) | 0x38000400;
    this.u32(operation | imm9(step) << 12 | addressable(base) << 5 | plain(from));
  }
  /** Loads from `[base + index * size of the access]`. */
  ldrIndexed(to: Register, base: Register, index: Register, width: Width = 64): void {
    const operation = sizeBits(width) | 0x38606800 | (width === 8 ? 0 : 0x1000);
    this.u32(operation | plain(index) << 16 | addressable(base) << 5 | plain(to));
  }
  strIndexed(from: Register, base: Register, index: Register, width: Width = 64): void {
    const operation = sizeBits(width) | 0x38206800 | (width === 8 ? 0 : 0x1000);
    this.u32(operation | plain(index) << 16 | addressable(base) << 5 | plain(from));
  }
  ldrb(to: Register, base: Register, offset = 0): void {
    this.ldr(to, base, offset, 8);
  }
  strb(from: Register, base: Register, offset = 0): void {
    this.str(from, base, offset, 8);
  }

  /** The address `distance` bytes from this instruction, at most 1 MiB. */
  adrDistance(to: Register, distance: number): void {
    this.u32(0x10000000 | splitImm21(inReach(distance, 21, 1)) | plain(to));
  }

  /** The address of a label at most 1 MiB away. */
  adr(to: Register, label: CodeLabel): void {
    this.fixup(label, (view, at, address, target) => {
      const distance = inReach(target - address, 21, 1);
      view.setUint32(at, 0x10000000 | splitImm21(distance) | plain(to), true);
    });
    this.u32(0);
  }

  /** The address of a label at most 4 GiB away: `adrp` and `add`. */
  adrpAdd(to: Register, label: CodeLabel): void {
    this.fixup(label, (view, at, address, target) => {
      const pages = Math.floor(target / 4096) - Math.floor(address / 4096);
      view.setUint32(at, 0x90000000 | splitImm21(inReach(pages, 21, 1)) | plain(to), true);
      const low = target % 4096;
      view.setUint32(at + 4, 0x91000000 | low << 10 | plain(to) << 5 | plain(to), true);
    });
    this.u64(0n);
  }

  b(to: CodeLabel): void {
    this.#branch26(0x14000000, to);
  }
  bl(to: CodeLabel): void {
    this.#branch26(0x94000000, to);
  }
  bCond(condition: Condition, to: CodeLabel): void {
    this.#branch19(0x54000000 | CONDITIONS.indexOf(condition), to);
  }
  cbz(register: Register, to: CodeLabel): void {
    this.#branch19(0xb4000000 | plain(register), to);
  }
  cbnz(register: Register, to: CodeLabel): void {
    this.#branch19(0xb5000000 | plain(register), to);
  }
  br(to: Register): void {
    this.u32(0xd61f0000 | plain(to) << 5);
  }
  blr(to: Register): void {
    this.u32(0xd63f0000 | plain(to) << 5);
  }
  ret(): void {
    this.u32(0xd65f03c0);
  }
  svc(): void {
    this.u32(0xd4000001);
  }
  /** Ends the process with SIGTRAP: what must not be reached. */
  brk(): void {
    this.u32(0xd4200000);
  }

  #constant(to: Register, value: bigint): void {
    if (value >= 0n && value <= 0xffffn) {
      return this.u32(0xd2800000 | Number(value) << 5 | plain(to));
    }
    const bits = BigInt.asUintN(64, value);
    const parts = [0n, 16n, 32n, 48n].map((shift) => Number(bits >> shift & 0xffffn));
    const ones = parts.filter((part) => part === 0xffff).length;
    const zeros = parts.filter((part) => part === 0).length;
    const fill = ones > zeros ? 0xffff : 0;
    let first = true;
    for (const [index, part] of parts.entries()) {
      const last = first && index === 3;
      if (part === fill && !last) continue;
      const operation = !first ? 0xf2800000 : fill === 0 ? 0xd2800000 : 0x92800000;
      const immediate = first && fill !== 0 ? part ^ 0xffff : part;
      // All parts equal the fill: one instruction on any of them says so.
      const position = last && part === fill ? 0 : index;
      this.u32(operation | position << 21 | immediate << 5 | plain(to));
      first = false;
    }
  }

  #three(operation: number, to: Register, left: Register, right: Register): void {
    this.u32(operation | plain(right) << 16 | plain(left) << 5 | plain(to));
  }

  #addRegister(operation: number, to: Register, left: Register, right: Register): void {
    if (to !== SP && left !== SP) return this.#three(operation, to, left, right);
    // Only the form with an extended register takes the stack pointer.
    const shift = operation >> 10 & 63;
    if (shift > 4) throw new RangeError(`Cannot encode add of sp: shift of ${shift} is above 4`);
    const extended = operation | 0x00206000 | plain(right) << 16;
    this.u32(extended | (left & 31) << 5 | to & 31);
  }

  #addImmediate(operation: number, to: Register, left: Register, value: bigint): void {
    const high = value > 4095n;
    const immediate = Number(high ? value >> 12n : value);
    if (immediate > 4095 || (high && value % 4096n !== 0n)) {
      throw new RangeError(`Cannot encode immediate ${value}: it has more than 12 bits`);
    }
    // 31 is sp here, but as the target of a compare.
    const compare = (operation & 0x20000000) !== 0;
    const target = compare ? 31 : addressable(to);
    this.u32(operation | (high ? 1 << 22 : 0) | immediate << 10 | addressable(left) << 5 | target);
  }

  /** `operation` has the logarithm of the access's size in its upper two bits. */
  #access(operation: number, register: Register, base: Register, offset: number): void {
    const registers = addressable(base) << 5 | plain(register);
    const scaled = offset / 2 ** (operation >>> 30);
    if (Number.isInteger(scaled) && scaled >= 0 && scaled < 4096) {
      this.u32(operation | 0x39000000 | scaled << 10 | registers);
    } else {
      this.u32(operation | 0x38000000 | imm9(offset) << 12 | registers);
    }
  }

  #branch26(operation: number, to: CodeLabel): void {
    this.fixup(to, (view, at, address, target) => {
      const distance = inReach(target - address, 26, 4);
      view.setUint32(at, operation | distance & 0x3ffffff, true);
    });
    this.u32(0);
  }

  #branch19(operation: number, to: CodeLabel): void {
    this.fixup(to, (view, at, address, target) => {
      const distance = inReach(target - address, 19, 4);
      view.setUint32(at, operation | (distance & 0x7ffff) << 5, true);
    });
    this.u32(0);
  }
}

/** The number of a register where 31 is XZR. */
function plain(register: Register): number {
  if (register > 31) throw new RangeError("Cannot encode register: sp is not allowed here");
  return register;
}

/** The number of a register where 31 is SP. */
function addressable(register: Register): number {
  if (register === XZR) throw new RangeError("Cannot encode register: xzr is not allowed here");
  return register & 31;
}

function sizeBits(width: Width): number {
  return (width === 64 ? 3 : width === 32 ? 2 : width === 16 ? 1 : 0) << 30;
}

function imm9(value: number): number {
  if (value < -256 || value > 255) throw new RangeError(`Cannot encode offset ${value}`);
  return value & 0x1ff;
}

function splitImm21(value: number): number {
  return (value & 3) << 29 | (value >> 2 & 0x7ffff) << 5;
}

/** A distance in units of `unit` bytes, which must fit `bits` with its sign. */
function inReach(distance: number, bits: number, unit: number): number {
  const value = distance / unit;
  if (!Number.isInteger(value) || value < -(2 ** (bits - 1)) || value >= 2 ** (bits - 1)) {
    throw new RangeError(`Cannot encode branch: its target is ${distance} bytes away`);
  }
  return value;
}
