import { CLASSIC, type ClassicInstruction } from "./classic.ts";
import { ARITHMETIC, CODE_PARTS, JUMPS, MEMORY_WORDS, OTHER_CODES } from "./classic_codes.ts";

/** What a program answered, and how many instructions it took. */
export interface ClassicOutcome {
  readonly answer: number;
  readonly evaluated: number;
}

/** What a program works on; a word is a number, or what is known of one. */
export interface Registers<Word> {
  a: Word;
  x: Word;
  readonly memory: { [index: number]: Word };
}

/**
 * Runs a classic BPF program of seccomp as the kernel does.
 *
 * @param words the data that it looks at, as 32-bit words
 * @throws {RangeError} for what the kernel would not have loaded: unknown instructions, jumps and words outside, no answer
 */
export function interpretClassic(
  program: readonly ClassicInstruction[],
  words: Uint32Array,
): ClassicOutcome {
  const registers: Registers<number> = { a: 0, x: 0, memory: new Uint32Array(MEMORY_WORDS) };
  let at = 0;
  for (let evaluated = 1;; evaluated++) {
    const instruction = program[at];
    if (instruction === undefined) throw new RangeError(`Cannot run instruction ${at}: no such`);
    const { code, jt, jf, k } = instruction;
    at++;
    if (code === CLASSIC.answer) return { answer: k, evaluated };
    if (code === CLASSIC.load) registers.a = wordAt(words, k);
    else if (code === CLASSIC.jump) at += k;
    else if (code === OTHER_CODES.answerA) return { answer: registers.a, evaluated };
    else if ((code & CODE_PARTS.classMask) === CODE_PARTS.jump) {
      at += holds(code, registers.a, operandOf(instruction, registers)) ? jt : jf;
    } else if ((code & CODE_PARTS.classMask) === CODE_PARTS.arithmetic) {
      const result = calculate(code, registers.a, operandOf(instruction, registers));
      if (result === null) return { answer: 0, evaluated };
      registers.a = result >>> 0;
    } else moveWord<number>(instruction, registers, { size: words.byteLength, outside: 0 });
  }
}

function operandOf({ code, k }: ClassicInstruction, { x }: Registers<number>): number {
  return (code & CODE_PARTS.x) === 0 ? k : x;
}

function wordAt(words: Uint32Array, offset: number): number {
  const word = offset % 4 === 0 ? words[offset / 4] : undefined;
  if (word === undefined) throw new RangeError(`Cannot load a word at ${offset}: outside the data`);
  return word;
}

/** Whether a jump's comparison of A holds. */
export function holds(code: number, a: number, operand: number): boolean {
  switch (code & CODE_PARTS.operationMask) {
    case JUMPS.jeq:
      return a === operand;
    case JUMPS.jgt:
      return a > operand;
    case JUMPS.jge:
      return a >= operand;
    case JUMPS.jset:
      return (a & operand) !== 0;
    default:
      throw unknown(code);
  }
}

/** What arithmetic makes of A, as any number of the same low 32 bits; null where it divides by 0: that ends the program with answer 0. */
export function calculate(code: number, a: number, operand: number): number | null {
  switch (code & CODE_PARTS.operationMask) {
    case ARITHMETIC.add:
      return a + operand;
    case ARITHMETIC.sub:
      return a - operand;
    case ARITHMETIC.mul:
      return Math.imul(a, operand);
    case ARITHMETIC.div:
      return operand === 0 ? null : Math.floor(a / operand);
    case ARITHMETIC.or:
      return a | operand;
    case ARITHMETIC.and:
      return a & operand;
    // Of a distance in X the low five bits count, as in the eBPF that the kernel makes of it.
    case ARITHMETIC.lsh:
      return a << operand;
    case ARITHMETIC.rsh:
      return a >>> operand;
    case ARITHMETIC.neg:
      return -a;
    case ARITHMETIC.xor:
      return a ^ operand;
    default:
      throw unknown(code);
  }
}

/**
 * Does an instruction between the registers, the memory and constants, for whatever stands for a word: a number, or what is known of one.
 *
 * @param size of the data in bytes
 * @param outside what a word beyond the memory is
 * @throws {RangeError} for an instruction of another kind
 */
export function moveWord<Word>(
  { code, k }: ClassicInstruction,
  registers: Registers<Word | number>,
  { size, outside }: { readonly size: number; readonly outside: Word | number },
): void {
  const { a, x, memory } = registers;
  switch (code) {
    case OTHER_CODES.loadImmediate:
      registers.a = k;
      break;
    case OTHER_CODES.loadImmediateX:
      registers.x = k;
      break;
    case OTHER_CODES.loadMemory:
      registers.a = memory[k] ?? outside;
      break;
    case OTHER_CODES.loadMemoryX:
      registers.x = memory[k] ?? outside;
      break;
    case OTHER_CODES.store:
      memory[k] = a;
      break;
    case OTHER_CODES.storeX:
      memory[k] = x;
      break;
    case OTHER_CODES.loadLength:
      registers.a = size;
      break;
    case OTHER_CODES.loadLengthX:
      registers.x = size;
      break;
    case OTHER_CODES.moveToX:
      registers.x = a;
      break;
    case OTHER_CODES.moveFromX:
      registers.a = x;
      break;
    default:
      throw unknown(code);
  }
}

function unknown(code: number): RangeError {
  return new RangeError(`Cannot run an instruction of code 0x${code.toString(16)}`);
}
