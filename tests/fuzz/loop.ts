import { type Finding, type Kind, randomOf } from "./kind.ts";
import { minimise } from "./shrink.ts";

/** How one run goes. */
export interface LoopOptions {
  readonly seed: number;
  readonly cases: number;
  /** Told before each case, and each smaller version of one, so that a watcher sees that it goes on. */
  readonly beat: (kind: string, index: number) => void;
  readonly found: (finding: Finding) => void;
}

/** What came of one kind. */
export interface LoopReport {
  readonly kind: string;
  readonly cases: number;
  readonly findings: number;
  readonly seconds: number;
  readonly ends: string;
}

/** One rule is broken by many inputs; so many of them are made smaller and told. */
const MOST_OF_A_RULE = 3;

const EFFORT = { tries: 400, milliseconds: 60_000 };

/** Gives the program so many inputs of a kind. */
export async function runCases<Input>(
  kind: Kind<Input>,
  options: LoopOptions,
): Promise<LoopReport> {
  const { seed, cases, beat, found } = options;
  const start = performance.now();
  const known = new Map<string, number>();
  let findings = 0;
  for (let index = 0; index < cases; index++) {
    beat(kind.name, index);
    const input = kind.generate(randomOf(kind.name, seed, index));
    const fault = await kind.run(input);
    if (fault === null) continue;
    findings++;
    const count = (known.get(fault.rule) ?? 0) + 1;
    known.set(fault.rule, count);
    if (count > MOST_OF_A_RULE) continue;
    const watched: Kind<Input> = {
      ...kind,
      smaller: (larger) => kind.smaller(larger),
      run: (smaller) => {
        beat(kind.name, index);
        return kind.run(smaller);
      },
    };
    const smallest = await minimise(watched, input, fault, EFFORT);
    found({ kind: kind.name, seed, case: index, ...smallest });
  }
  const seconds = (performance.now() - start) / 1000;
  return { kind: kind.name, cases, findings, seconds, ends: kind.ends.toString() };
}
