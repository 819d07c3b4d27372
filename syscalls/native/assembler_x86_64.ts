import type { Brand } from "syscalls/abi/brand.ts";
import { CodeBuffer, type CodeLabel } from "./code_buffer.ts";

/** A general register of x86-64. */
export type Register = Brand<number, "x86-64 register">;

export const RAX = 0 as Register;
export const RCX = 1 as Register;
export const RDX = 2 as Register;
export const RBX = 3 as Register;
export const RSP = 4 as Register;
export const RBP = 5 as Register;
export const RSI = 6 as Register;
export const RDI = 7 as Register;
export const R8 = 8 as Register;
export const R9 = 9 as Register;
export const R10 = 10 as Register;
export const R11 = 11 as Register;
export const R12 = 12 as Register;
export const R13 = 13 as Register;
export const R14 = 14 as Register;
export const R15 = 15 as Register;

/** What a conditional jump looks at, as in `jne`: `e`qual, `a`bove and `b`elow unsigned, `g`reater and `l`ess signed, `s`ign. */
export type Condition =
  | "o"
  | "no"
  | "b"
  | "ae"
  | "e"
  | "ne"
  | "be"
  | "a"
  | "s"
  | "ns"
  | "p"
  | "np"
  | "l"
  | "ge"
  | "le"
  | "g";

const CONDITIONS = "o no b ae e ne be a s ns p np l ge le g".split(" ");

/** Sizes of a memory access, in bits. Loads of less than 64 put zeros above. */
export type Width = 8 | 16 | 32 | 64;

/** A place in memory: `[base + index * scale + disp]`, a label, or a number below 2^31. */
export type Memory =
  | {
    readonly base: Register;
    readonly index?: Register;
    readonly scale?: 1 | 2 | 4 | 8;
    readonly disp?: number;
  }
  | { readonly label: CodeLabel }
  | { readonly address: number };

type BaseMemory = Extract<Memory, { readonly base: Register }>;
/** An instruction with an operand in memory. */
interface MemoryForm {
  readonly opcode: readonly number[];
  /** The register, or a digit of the opcode. */
  readonly reg: number;
  readonly memory: Memory;
  /** Whether it works on 64 bits. */
  readonly wide: boolean;
  /** Bytes of the immediate that follows, over which a label's distance is counted. */
  readonly immediateSize?: number;
  /** Whether `reg` is meant as the low byte of a register that has one only with a REX prefix. */
  readonly lowByte?: boolean;
}

type Arithmetic = 0 | 1 | 4 | 5 | 6 | 7;

/** Writes x86-64 machine code. Operations are on 64 bits unless they say otherwise; the first operand is the target. */
export class AssemblerX8664 extends CodeBuffer {
  /** Copies a register or loads a constant, in the shortest form; flags stay as they are. */
  mov(to: Register, from: Register | bigint): void {
    if (typeof from !== "bigint") return this.#registers(0x89, from, to);
    const value = BigInt.asIntN(64, from);
    if (value >= 0n && value <= 0xffffffffn) {
      this.#prefix(0, 0, 0, to);
      this.u8(0xb8 | to & 7);
      this.u32(Number(value));
    } else if (value >= -0x80000000n && value < 0n) {
      this.#registers(0xc7, 0, to);
      this.u32(Number(value));
    } else {
      this.#prefix(1, 0, 0, to);
      this.u8(0xb8 | to & 7);
      this.u64(value);
    }
  }

  /** Sets a register to zero, in two or three bytes; flags change. */
  zero(to: Register): void {
    this.#prefix(0, to, 0, to);
    this.u8(0x31);
    this.u8(0xc0 | (to & 7) << 3 | to & 7);
  }

  load(to: Register, from: Memory, width: Width = 64): void {
    const opcode = width === 8 ? [0x0f, 0xb6] : width === 16 ? [0x0f, 0xb7] : [0x8b];
    this.#memory({ opcode, reg: to, memory: from, wide: width === 64 });
  }

  store(to: Memory, from: Register, width: Width = 64): void {
    if (width === 16) this.u8(0x66);
    // Registers 4 to 7 have a low byte only with a REX prefix.
    const lowByte = width === 8 && from >= 4;
    const opcode = [width === 8 ? 0x88 : 0x89];
    this.#memory({ opcode, reg: from, memory: to, wide: width === 64, lowByte });
  }

  /** Stores a constant; 64-bit ones are sign-extended from 32. */
  storeImmediate(to: Memory, value: number, width: Width): void {
    if (width === 16) this.u8(0x66);
    const size = width === 8 ? 1 : width === 16 ? 2 : 4;
    const opcode = [width === 8 ? 0xc6 : 0xc7];
    this.#memory({ opcode, reg: 0, memory: to, wide: width === 64, immediateSize: size });
    if (size === 1) this.u8(value);
    else if (size === 2) this.u16(value);
    else this.u32(value);
  }

  lea(to: Register, from: Memory): void {
    this.#memory({ opcode: [0x8d], reg: to, memory: from, wide: true });
  }

  add(to: Register, value: Register | bigint): void {
    this.#arithmetic(0, to, value);
  }
  or(to: Register, value: Register | bigint): void {
    this.#arithmetic(1, to, value);
  }
  and(to: Register, value: Register | bigint): void {
    this.#arithmetic(4, to, value);
  }
  sub(to: Register, value: Register | bigint): void {
    this.#arithmetic(5, to, value);
  }
  xor(to: Register, value: Register | bigint): void {
    this.#arithmetic(6, to, value);
  }
  cmp(left: Register, right: Register | bigint): void {
    this.#arithmetic(7, left, right);
  }

  /** Compares the byte in memory with a constant. */
  cmpByte(left: Memory, right: number): void {
    this.#memory({ opcode: [0x80], reg: 7, memory: left, wide: false, immediateSize: 1 });
    this.u8(right);
  }

  test(left: Register, right: Register | bigint): void {
    if (typeof right !== "bigint") return this.#registers(0x85, right, left);
    this.#registers(0xf7, 0, left);
    this.u32(immediate32(right));
  }

  inc(register: Register): void {
    this.#registers(0xff, 0, register);
  }
  dec(register: Register): void {
    this.#registers(0xff, 1, register);
  }
  not(register: Register): void {
    this.#registers(0xf7, 2, register);
  }
  neg(register: Register): void {
    this.#registers(0xf7, 3, register);
  }
  /** Divides RDX:RAX, unsigned: the quotient to RAX, the remainder to RDX. */
  div(by: Register): void {
    this.#registers(0xf7, 6, by);
  }
  /** Multiplies RAX, unsigned, into RDX:RAX. */
  mul(by: Register): void {
    this.#registers(0xf7, 4, by);
  }
  shl(register: Register, bits: number): void {
    this.#registers(0xc1, 4, register);
    this.u8(bits);
  }
  shr(register: Register, bits: number): void {
    this.#registers(0xc1, 5, register);
    this.u8(bits);
  }

  push(register: Register): void {
    this.#prefix(0, 0, 0, register);
    this.u8(0x50 | register & 7);
  }
  pop(register: Register): void {
    this.#prefix(0, 0, 0, register);
    this.u8(0x58 | register & 7);
  }

  jmp(to: CodeLabel): void {
    this.u8(0xe9);
    this.#relative(to, 0);
  }
  jcc(condition: Condition, to: CodeLabel): void {
    this.u8(0x0f);
    this.u8(0x80 | CONDITIONS.indexOf(condition));
    this.#relative(to, 0);
  }
  call(to: CodeLabel): void {
    this.u8(0xe8);
    this.#relative(to, 0);
  }
  jmpRegister(to: Register): void {
    this.#prefix(0, 0, 0, to);
    this.u8(0xff);
    this.u8(0xe0 | to & 7);
  }
  callRegister(to: Register): void {
    this.#prefix(0, 0, 0, to);
    this.u8(0xff);
    this.u8(0xd0 | to & 7);
  }
  ret(): void {
    this.u8(0xc3);
  }
  syscall(): void {
    this.u16(0x050f);
  }
  /** Ends the process with SIGILL: what must not be reached. */
  ud2(): void {
    this.u16(0x0b0f);
  }

  #arithmetic(operation: Arithmetic, to: Register, value: Register | bigint): void {
    if (typeof value !== "bigint") return this.#registers(operation << 3 | 1, value, to);
    const immediate = immediate32(value);
    const short = immediate >= -128 && immediate <= 127;
    this.#registers(short ? 0x83 : 0x81, operation, to);
    if (short) this.u8(immediate);
    else this.u32(immediate);
  }

  /** A 64-bit operation on two registers, or on one with a digit of the opcode in `reg`. */
  #registers(opcode: number, reg: number, rm: Register): void {
    this.#prefix(1, reg, 0, rm);
    this.u8(opcode);
    this.u8(0xc0 | (reg & 7) << 3 | rm & 7);
  }

  #prefix(wide: number, reg: number, index: number, base: number): void {
    const rex = wide << 3 | reg >> 3 << 2 | index >> 3 << 1 | base >> 3;
    if (rex !== 0) this.u8(0x40 | rex);
  }

  #memory({ opcode, reg, memory, wide, immediateSize = 0, lowByte = false }: MemoryForm): void {
    const base = "base" in memory ? memory.base : 0;
    const index = "base" in memory ? memory.index ?? 0 : 0;
    if (lowByte && reg < 8 && base < 8 && index < 8) this.u8(0x40);
    else this.#prefix(wide ? 1 : 0, reg, index, base);
    for (const byte of opcode) this.u8(byte);
    const field = (reg & 7) << 3;
    if ("label" in memory) {
      this.u8(field | 5);
      this.#relative(memory.label, immediateSize);
    } else if ("address" in memory) {
      this.u8(field | 4);
      this.u8(0x25);
      this.u32(immediate32(memory.address));
    } else {
      this.#baseAndIndex(field, memory);
    }
  }

  #baseAndIndex(field: number, memory: BaseMemory): void {
    const { base, index, scale = 1, disp = 0 } = memory;
    if (index === RSP) throw new RangeError("Cannot encode address: rsp is no index");
    // rbp and r13 as a base have no form without a displacement.
    const mode = disp === 0 && (base & 7) !== 5 ? 0 : disp >= -128 && disp <= 127 ? 1 : 2;
    if (index === undefined && (base & 7) !== 4) {
      this.u8(mode << 6 | field | base & 7);
    } else {
      this.u8(mode << 6 | field | 4);
      this.u8(Math.log2(scale) << 6 | (index === undefined ? 4 : index & 7) << 3 | base & 7);
    }
    if (mode === 1) this.u8(disp);
    else if (mode === 2) this.u32(immediate32(disp));
  }

  /** Four bytes: the distance from the end of the instruction, `after` bytes behind them, to a label. */
  #relative(to: CodeLabel, after: number): void {
    this.fixup(to, (view, at, address, target) => {
      view.setInt32(at, immediate32(target - address - 4 - after), true);
    });
    this.u32(0);
  }
}

function immediate32(value: bigint | number): number {
  if (value < -0x80000000 || value > 0x7fffffff) {
    throw new RangeError(`Cannot encode immediate ${value}: it has more than 32 bits`);
  }
  return Number(value);
}
