import { CLASSIC, type ClassicInstruction } from "./classic.ts";

/** What a program answered, and how many instructions it took. */
export interface ClassicOutcome {
  readonly answer: number;
  readonly evaluated: number;
}

/**
 * Runs a classic BPF program as the kernel does.
 *
 * @param words the data that it looks at, as 32-bit words
 * @throws {RangeError} for what the kernel would not have loaded: unknown instructions, jumps and words outside, no answer
 */
export function interpretClassic(
  program: readonly ClassicInstruction[],
  words: Uint32Array,
): ClassicOutcome {
  let a = 0;
  let at = 0;
  for (let evaluated = 1;; evaluated++) {
    const instruction = program[at];
    if (instruction === undefined) throw new RangeError(`Cannot run instruction ${at}: no such`);
    const { code, jt, jf, k } = instruction;
    at++;
    if (code === CLASSIC.answer) return { answer: k, evaluated };
    if (code === CLASSIC.load) a = wordAt(words, k);
    else if (code === CLASSIC.and) a = (a & k) >>> 0;
    else if (code === CLASSIC.jump) at += k;
    else at += holds(code, a, k) ? jt : jf;
  }
}

function wordAt(words: Uint32Array, offset: number): number {
  const word = offset % 4 === 0 ? words[offset / 4] : undefined;
  if (word === undefined) throw new RangeError(`Cannot load a word at ${offset}: outside the data`);
  return word;
}

function holds(code: number, a: number, k: number): boolean {
  switch (code) {
    case CLASSIC.jumpIfEqual:
      return a === k;
    case CLASSIC.jumpIfAbove:
      return a > k;
    case CLASSIC.jumpIfAtLeast:
      return a >= k;
    case CLASSIC.jumpIfAnyBit:
      return (a & k) !== 0;
    default:
      throw new RangeError(`Cannot run an instruction of code 0x${code.toString(16)}`);
  }
}
