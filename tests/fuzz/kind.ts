import { Random } from "tests/support/random.ts";

/** What is wrong with how the program took an input. */
export interface Fault {
  /** The rule that was broken; a smaller input must break the same one. */
  readonly rule: string;
  readonly text: string;
}

/** How often cases ended in which way. */
export class Ends {
  readonly #counts = new Map<string, number>();

  add(end: string): void {
    this.#counts.set(end, (this.#counts.get(end) ?? 0) + 1);
  }

  /** `1200 accepted, 8800 refused`. */
  toString(): string {
    const counts = [...this.#counts].sort(([, a], [, b]) => b - a);
    return counts.map(([end, count]) => `${count} ${end}`).join(", ");
  }
}

/** One kind of input, which can be written to a file as JSON. */
export interface Kind<Input> {
  readonly name: string;
  /** An input that depends on nothing but the numbers. */
  generate(random: Random): Input;
  /** Gives the program an input; null when nothing is wrong with what came of it. */
  run(input: Input): Fault | null | Promise<Fault | null>;
  /** How the cases ended, for the report: a kind whose cases all end the same way tests little. */
  readonly ends: Ends;
  /** Smaller inputs of the same kind, the smallest ones first. */
  smaller(input: Input): Iterable<Input>;
}

/** An input that showed a fault, as it is written to a file. */
export interface Finding {
  readonly kind: string;
  readonly seed: number;
  readonly case: number;
  readonly fault: Fault;
  readonly input: unknown;
}

/** The numbers that one case is made of: they depend on nothing that ran before it. */
export function randomOf(kind: string, seed: number, index: number): Random {
  // FNV-1a over all three.
  let hash = 0x811c9dc5;
  for (const letter of `${kind} ${seed} ${index}`) {
    hash = Math.imul(hash ^ letter.charCodeAt(0), 0x01000193);
  }
  return new Random(hash);
}
