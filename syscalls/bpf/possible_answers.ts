import type { ClassicInstruction } from "./classic.ts";
import { CODE_PARTS, JUMPS, MEMORY_WORDS, OTHER_CODES } from "./classic_codes.ts";
import { calculate, holds, moveWord, type Registers } from "./interpret_classic.ts";

/** A word that is the same on every way; null for one that is not, or is not known. */
type Word = number | null;

/** What is known when an instruction is reached. */
interface Known extends Registers<Word> {
  readonly memory: Word[];
}

/** How an instruction goes on. */
interface Outcome {
  /** How many instructions it may pass over. */
  readonly passes: readonly number[];
  readonly answers: readonly Word[];
}

const ON: Outcome = { passes: [0], answers: [] };

/**
 * What a program may answer to data of which some words are known, whatever the others are; null for what it works out of those.
 * There may be some that it never answers: what is known on two ways that meet is what both agree on.
 *
 * @param program one that the kernel takes: all jumps lead forward
 * @param data the known words, by their offset
 * @param size of the data in bytes
 */
export function possibleAnswers(
  program: readonly ClassicInstruction[],
  data: ReadonlyMap<number, number>,
  size: number,
): ReadonlySet<Word> {
  const answers = new Set<Word>();
  const states: (Known | undefined)[] = [
    { a: 0, x: 0, memory: Array.from({ length: MEMORY_WORDS }, () => null) },
  ];
  for (const [at, instruction] of program.entries()) {
    const known = states[at];
    if (known === undefined) continue;
    const { passes, answers: given } = outcomeOf(instruction, known, { data, size });
    for (const answer of given) answers.add(answer);
    for (const passed of passes) {
      const next = at + 1 + passed;
      states[next] = agreement(states[next], known);
    }
    states[at] = undefined;
  }
  return answers;
}

interface Data {
  readonly data: ReadonlyMap<number, number>;
  readonly size: number;
}

/** Changes `known` to what is known behind the instruction. */
function outcomeOf(
  instruction: ClassicInstruction,
  known: Known,
  { data, size }: Data,
): Outcome {
  const { code, k } = instruction;
  if (code === OTHER_CODES.answer) return { passes: [], answers: [k] };
  if (code === OTHER_CODES.answerA) return { passes: [], answers: [known.a] };
  const operand = (code & CODE_PARTS.x) === 0 ? k : known.x;
  switch (code & CODE_PARTS.classMask) {
    case CODE_PARTS.jump:
      return { passes: passesOf(instruction, known.a, operand), answers: [] };
    case CODE_PARTS.arithmetic:
      return arithmetic(code, known, operand);
    default:
      if (code === OTHER_CODES.load) known.a = data.get(k) ?? null;
      else moveWord<Word>(instruction, known, { size, outside: null });
      return ON;
  }
}

function passesOf({ code, jt, jf, k }: ClassicInstruction, a: Word, operand: Word): number[] {
  if (code === (CODE_PARTS.jump | JUMPS.ja)) return [k];
  if (a === null || operand === null) return [jt, jf];
  return [holds(code, a, operand) ? jt : jf];
}

function arithmetic(code: number, known: Known, operand: Word): Outcome {
  const { a } = known;
  if (a === null || operand === null) {
    known.a = null;
    // A division by an X of 0 ends it.
    return { passes: [0], answers: operand === null ? [0] : [] };
  }
  const result = calculate(code, a, operand);
  if (result === null) return { passes: [], answers: [0] };
  known.a = result >>> 0;
  return ON;
}

function agreement(one: Known | undefined, { a, x, memory }: Known): Known {
  if (one === undefined) return { a, x, memory: [...memory] };
  const both = (first: Word, second: Word): Word => first === second ? first : null;
  return {
    a: both(one.a, a),
    x: both(one.x, x),
    memory: one.memory.map((word, i) => both(word, memory[i] ?? null)),
  };
}
