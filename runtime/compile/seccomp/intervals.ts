import type { Decision } from "./decisions.ts";

/** The system call numbers from `from` up to the next interval's. */
export interface Interval<D = Decision> {
  readonly from: number;
  readonly decision: D;
}

/** One object for all decisions that are compiled to the same code, so that who has them need but compare objects. */
export class SameDecisions {
  readonly #plain = new Map<number, Decision>();
  readonly #conditional: Decision[] = [];

  one(decision: Decision): Decision {
    if (decision.rules.length > 0) {
      const known = this.#conditional.find((it) => isSame(it, decision));
      if (known === undefined) this.#conditional.push(decision);
      return known ?? decision;
    }
    const known = this.#plain.get(decision.answer);
    if (known === undefined) this.#plain.set(decision.answer, decision);
    return known ?? decision;
  }
}

/**
 * All numbers there are, cut where the answer changes.
 *
 * @param ground what is answered where nothing else is said, sorted, the first from 0
 * @param byNumber what is said of single numbers
 * @param same gets what the intervals have
 */
export function intervals(
  ground: readonly Interval[],
  byNumber: ReadonlyMap<number, Decision>,
  same: SameDecisions,
): readonly Interval[] {
  const numbers = Uint32Array.from(byNumber.keys()).sort();
  const found: Interval[] = [];
  let [lastSaid, last]: (Decision | null)[] = [null, null];
  const put = (from: number, said: Decision): void => {
    if (said === lastSaid) return;
    lastSaid = said;
    const decision = same.one(said);
    if (decision === last) return;
    found.push({ from, decision });
    last = decision;
  };
  let at = 0;
  ground.forEach(({ from, decision }, i) => {
    const end = ground[i + 1]?.from ?? 2 ** 32;
    let next = from;
    for (; at < numbers.length && (numbers[at] as number) < end; at++) {
      const number = numbers[at] as number;
      if (number > next) put(next, decision);
      put(number, byNumber.get(number) as Decision);
      next = number + 1;
    }
    if (next < end) put(next, decision);
  });
  return found;
}

function isSame(a: Decision, b: Decision): boolean {
  if (a === b) return true;
  if (a.answer !== b.answer || a.rules.length !== b.rules.length) return false;
  return a.rules.every(({ tests, answer, origin }, i) => {
    const other = b.rules[i];
    // Rules of one origin have the same conditions, but for the number of a multiplexed call, and what 32-bit arguments cannot be asked.
    return other !== undefined && origin === other.origin && answer === other.answer &&
      tests.length === other.tests.length &&
      tests.every((test, j) => isSameTest(test, other.tests[j]));
  });
}

type Test = Decision["rules"][number]["tests"][number];

function isSameTest(a: Test, b: Test | undefined): boolean {
  return b !== undefined && a.index === b.index && a.operator === b.operator &&
    a.mask.low === b.mask.low && a.mask.high === b.mask.high &&
    a.value.low === b.value.low && a.value.high === b.value.high;
}
