import { BPF_MAXINSNS, seccompData } from "syscalls/abi/seccomp.ts";
import type { ClassicInstruction } from "./classic.ts";
import { ARITHMETIC, CODE_PARTS, JUMPS, MEMORY_WORDS, OTHER_CODES } from "./classic_codes.ts";

/** What the kernel finds wrong with a program. */
export interface ProgramFault {
  /** Which instruction, from 0 on. */
  readonly at: number;
  readonly text: string;
}

/**
 * Why the kernel refuses to load a program as a seccomp filter; null for one that it takes: bpf_check_classic() and
 * check_load_and_stores() of net/core/filter.c, seccomp_check_filter() of kernel/seccomp.c.
 */
export function seccompFault(program: readonly ClassicInstruction[]): ProgramFault | null {
  const { length } = program;
  if (length === 0) return { at: 0, text: "there is none" };
  if (length > BPF_MAXINSNS) {
    return {
      at: BPF_MAXINSNS,
      text: `the kernel takes ${BPF_MAXINSNS} at most, and there are ${length}`,
    };
  }
  for (const [at, instruction] of program.entries()) {
    const text = instructionFault(instruction, length - at - 1);
    if (text !== null) return { at, text };
  }
  const last = program[length - 1]?.code;
  if (last !== OTHER_CODES.answer && last !== OTHER_CODES.answerA) {
    return { at: length - 1, text: "the last one must be an answer" };
  }
  return memoryFault(program);
}

const LOADS: ReadonlySet<number> = new Set([OTHER_CODES.loadMemory, OTHER_CODES.loadMemoryX]);
const STORES: ReadonlySet<number> = new Set([OTHER_CODES.store, OTHER_CODES.storeX]);

/** @param behind how many instructions follow it */
function instructionFault({ code, jt, jf, k }: ClassicInstruction, behind: number): string | null {
  if (!CODES.has(code)) return `a seccomp filter may not have code 0x${code.toString(16)}`;
  if (code === JUMP_ALWAYS) return k < behind ? null : "it jumps behind the end";
  switch (code & CODE_PARTS.classMask) {
    case CODE_PARTS.jump:
      return Math.max(jt, jf) < behind ? null : "it jumps behind the end";
    case CODE_PARTS.arithmetic:
      if (code === DIVIDE && k === 0) return "it divides by 0";
      return SHIFTS.has(code) && k > 31 ? `it shifts by ${k}, more than 31` : null;
  }
  if (code === OTHER_CODES.load && (k % 4 !== 0 || k >= seccompData.size)) {
    return `it loads byte ${k}, where no word of struct seccomp_data is`;
  }
  if ((LOADS.has(code) || STORES.has(code)) && k >= MEMORY_WORDS) {
    return `there is no word ${k} in the scratch memory`;
  }
  return null;
}

const JUMP_ALWAYS = CODE_PARTS.jump | JUMPS.ja;
const DIVIDE = CODE_PARTS.arithmetic | ARITHMETIC.div;
const SHIFTS: ReadonlySet<number> = new Set([
  CODE_PARTS.arithmetic | ARITHMETIC.lsh,
  CODE_PARTS.arithmetic | ARITHMETIC.rsh,
]);

/** Every operation code that a seccomp filter may have. */
const CODES: ReadonlySet<number> = new Set([
  ...Object.values(OTHER_CODES),
  ...Object.values(ARITHMETIC).flatMap((operation) => {
    const code = CODE_PARTS.arithmetic | operation;
    return operation === ARITHMETIC.neg ? [code] : [code, code | CODE_PARTS.x];
  }),
  ...Object.values(JUMPS).flatMap((operation) => {
    const code = CODE_PARTS.jump | operation;
    return operation === JUMPS.ja ? [code] : [code, code | CODE_PARTS.x];
  }),
]);

/** A word of scratch memory may be loaded only where every way that leads there has stored it. */
function memoryFault(program: readonly ClassicInstruction[]): ProgramFault | null {
  const everything = 2 ** MEMORY_WORDS - 1;
  const stored = program.map(() => everything);
  const reach = (at: number, words: number): void => {
    stored[at] = (stored[at] ?? everything) & words;
  };
  let known = 0;
  for (const [at, { code, jt, jf, k }] of program.entries()) {
    known &= stored[at] ?? everything;
    if (STORES.has(code)) known |= 1 << k;
    else if (LOADS.has(code) && (known & 1 << k) === 0) {
      return { at, text: `word ${k} of the scratch memory may not have been stored before` };
    } else if ((code & CODE_PARTS.classMask) === CODE_PARTS.jump) {
      const targets = code === JUMP_ALWAYS ? [k] : [jt, jf];
      for (const target of targets) reach(at + 1 + target, known);
      known = everything;
    }
  }
  return null;
}
