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

/** Of each argument of a system call: `mov r64, imm32` and `mov r64, [address]`, without what they load. */
const LOAD_CONSTANT = new Int32Array(6);
const LOAD_CELL = new Int32Array(6);
/** The registers of a system call's arguments, in order. */
const ARGUMENTS: readonly number[] = [RDI, RSI, RDX, R10, R8, R9];
for (let i = 0; i < ARGUMENTS.length; i++) {
  LOAD_CONSTANT[i] = constantForm(ARGUMENTS[i] as number);
  LOAD_CELL[i] = memoryForm(0x8b, ARGUMENTS[i] as number);
}

/** The most words that the loading of an argument takes. */
const ARGUMENT_WORDS = 3;

/** What becomes of a system call's result. */
export interface CallOutcome {
  /** The step to report when it fails. */
  readonly step: number;
  readonly retriesEintr: boolean;
  /** Errnos that are no failure. */
  readonly forgiven: readonly number[];
  /** Where the code is that reports the failure of the step in r12. */
  readonly failed: number;
}

/**
 * x86-64 machine code as it grows, for the back end: the few forms that a straight line of system calls needs.
 *
 * A container is compiled at every start, by an interpreter and by code that has never run before: what counts is how little
 * is done for each instruction. So every instruction is padded to whole words of 32 bits, with its address, number or distance
 * as a word of its own, and goes into memory word by word. It is a plain object with functions because those cost less to
 * reach than private fields and methods, the latter of which the engine's cache of compiled code leaves out
 * (scripts/build/eager.ts). The assembler serves where it may be convenient instead.
 *
 * Addresses are absolute and below 2^31. Places in the code are counted in words.
 */
export interface X8664Code {
  words: Int32Array<ArrayBuffer>;
  /** Words so far. */
  length: number;
  /** The step that a failing call reported last, and where the code for it is. */
  lastStep: number;
  lastFailure: number;
}

/** Code without instructions. */
export function emptyCode(): X8664Code {
  return { words: new Int32Array(16384), length: 0, lastStep: -1, lastFailure: 0 };
}

/** The next failing call does not go where the one before went. */
export function forgetFailure(code: X8664Code): void {
  code.lastStep = -1;
}

/** The code written so far. */
export function codeBytes({ words, length }: X8664Code): Uint8Array<ArrayBuffer> {
  return new Uint8Array(words.buffer, 0, 4 * length);
}

/** Loads the arguments of a system call. */
export function loadArguments(
  code: X8664Code,
  args: readonly Operand[],
  data: readonly number[],
  slots: readonly number[],
): void {
  let at = room(code, ARGUMENT_WORDS * args.length);
  const { words } = code;
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] as Operand;
    const { kind } = arg;
    if (kind === "slot") {
      words[at] = LOAD_CELL[i] as number;
      words[at + 1] = (slots[arg.slot] as number) + (arg.offset ?? 0);
      at += 2;
      continue;
    }
    const value = kind === "data"
      ? data[arg.data] as number
      : kind === "immediate"
      ? Number(arg.value)
      : slots[arg.slot] as number;
    if (value === (value | 0)) {
      words[at] = LOAD_CONSTANT[i] as number;
      words[at + 1] = value;
      at += 2;
    } else at = putWide(words, at, ARGUMENTS[i] as number, BigInt((arg as Immediate).value));
  }
  code.length = at;
}

type Immediate = Extract<Operand, { kind: "immediate" }>;

/** A system call that goes on unless it fails; what it does about failures is all in line. */
export function checkedSystem(
  code: X8664Code,
  number: number,
  { step, retriesEintr, forgiven, failed }: CallOutcome,
): void {
  const retry = room(code, 11 + 3 * forgiven.length);
  const { words, lastStep, lastFailure } = code;
  const body = (retriesEintr ? 3 : 0) + 3 * forgiven.length + (step === lastStep ? 2 : 4);
  const end = retry + 4 + body;
  // mov eax, number; syscall; test rax, rax; jns end
  words[retry] = 0xb8 | number << 8;
  words[retry + 1] = 0x48050f00;
  words[retry + 2] = 0x890fc085;
  words[retry + 3] = body << 2;
  let at = retry + 4;
  if (retriesEintr) {
    // cmp rax, -EINTR; je retry
    words[at] = 0xfffc3d48;
    words[at + 1] = 0x840fffff;
    words[at + 2] = retry - at - 3 << 2;
    at += 3;
  }
  for (let i = 0; i < forgiven.length; i++) {
    const result = -(forgiven[i] as number);
    // cmp rax, result; je end
    words[at] = 0x3d48 | result << 16;
    words[at + 1] = 0x840f0000 | result >>> 16;
    words[at + 2] = end - at - 3 << 2;
    at += 3;
  }
  code.length = at;
  if (step === lastStep) return jumpBack(code, lastFailure);
  code.lastStep = step;
  code.lastFailure = at;
  putConstant(code, R12, step);
  jumpBack(code, failed);
}

/** The given words, each one or more whole instructions. */
export function put(code: X8664Code, ...words: readonly number[]): void {
  const at = room(code, words.length);
  for (let i = 0; i < words.length; i++) code.words[at + i] = words[i] as number;
}

/** `mov r64, imm32`, with its sign. */
export function putConstant(code: X8664Code, register: number, value: number): void {
  const at = room(code, 2);
  code.words[at] = constantForm(register);
  code.words[at + 1] = value;
}

/** A constant of up to 64 bits. */
export function putConstant64(code: X8664Code, register: number, value: bigint): void {
  const signed = BigInt.asIntN(64, value);
  const isShort = signed >= -0x8000_0000n && signed <= 0x7fff_ffffn;
  if (isShort) return putConstant(code, register, Number(signed));
  const at = room(code, ARGUMENT_WORDS);
  putWide(code.words, at, register, signed);
}

/** `mov r64, imm64`; gives the place behind it. */
function putWide(words: Int32Array, at: number, register: number, value: bigint): number {
  // nop; mov
  words[at] = 0xb8489066 | register >> 3 << 16 | (register & 7) << 24;
  words[at + 1] = Number(BigInt.asIntN(32, value));
  words[at + 2] = Number(BigInt.asIntN(32, value >> 32n));
  return at + ARGUMENT_WORDS;
}

/** `mov r64, [address]` */
export function putLoad(code: X8664Code, register: number, address: number): void {
  const at = room(code, 2);
  code.words[at] = memoryForm(0x8b, register);
  code.words[at + 1] = address;
}

/** `mov [address], r64` */
export function putStore(code: X8664Code, address: number, register: number): void {
  const at = room(code, 2);
  code.words[at] = memoryForm(0x89, register);
  code.words[at + 1] = address;
}

/** `mov dword [address], imm32` */
export function putStoreConstant(code: X8664Code, address: number, value: number): void {
  put(code, 0x2504c790, address, value);
}

/** `mov to, from`, 64 bits */
export function putCopy(code: X8664Code, to: number, from: number): void {
  put(code, 0x90c08948 | from >> 3 << 2 | to >> 3 | (from & 7) << 19 | (to & 7) << 16);
}

/** `syscall` with the number in eax. */
export function putSystem(code: X8664Code, number: number): void {
  put(code, 0xb8 | number << 8, 0x90050f00);
}

/** `neg rax` */
export function putNegate(code: X8664Code): void {
  put(code, 0x90d8f748);
}

/** `test rax, rax`, or the same of rcx. */
export function putTest(code: X8664Code, register: 0 | 1): void {
  put(code, register === 0 ? 0x90c08548 : 0x90c98548);
}

/** `cmp register, imm32`: rax or rcx, with its sign. */
export function putCompare(code: X8664Code, register: 0 | 1, value: number): void {
  put(code, 0xf8814890 | register << 24, value);
}

/** `cmp register, rsi` */
export function putCompareRsi(code: X8664Code, register: 0 | 1): void {
  put(code, 0x90f03948 | register << 16);
}

/** A jump to code that is there already, `jmp` without a condition. */
export function jumpBack(code: X8664Code, target: number, condition: number | null = null): void {
  const hole = jumpAhead(code, condition);
  code.words[hole] = target - hole - 1 << 2;
}

/** A jump to a place that comes later; gives the word for its distance, to be filled in by {@link land}. */
export function jumpAhead(code: X8664Code, condition: number | null): number {
  const at = room(code, 2);
  // nop; jmp or jcc
  code.words[at] = condition === null ? 0xe9001f0f : 0x800f9066 | condition << 24;
  return at + 1;
}

/** Lets a jump ahead end here. */
export function land({ words, length }: X8664Code, hole: number): void {
  words[hole] = length - hole - 1 << 2;
}

/** nop; mov r64, imm32 */
function constantForm(register: number): number {
  return 0xc0c74890 | register >> 3 << 8 | (register & 7) << 24;
}

/** mov between a register and an absolute address */
function memoryForm(opcode: number, register: number): number {
  return 0x25040048 | register >> 3 << 2 | opcode << 8 | (register & 7) << 19;
}

/** Room for so many words; gives where it begins. */
function room(code: X8664Code, count: number): number {
  const at = code.length;
  code.length = at + count;
  if (code.length > code.words.length) {
    const larger = new Int32Array(2 * code.length);
    larger.set(code.words);
    code.words = larger;
  }
  return at;
}
