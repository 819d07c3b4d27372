import type { Decision } from "./decisions.ts";

/** The system call numbers from `from` up to the next interval's. */
export interface Interval {
  readonly from: number;
  readonly decision: Decision;
}

/**
 * All numbers there are, cut where the answer changes.
 *
 * @param ground what is answered where nothing else is said, sorted, the first from 0
 * @param byNumber what is said of single numbers
 */
export function intervals(
  ground: readonly Interval[],
  byNumber: ReadonlyMap<number, Decision>,
): readonly Interval[] {
  const numbers = Uint32Array.from(byNumber.keys()).sort();
  const found: Interval[] = [];
  let last: Decision | null = null;
  const put = (from: number, decision: Decision): void => {
    if (last !== null && isSame(last, decision)) return;
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

/** Whether two decisions are compiled to the same code. */
export function isSame(a: Decision, b: Decision): boolean {
  if (a === b) return true;
  if (a.answer !== b.answer || a.rules.length !== b.rules.length) return false;
  return a.rules.every(({ tests, answer, origin }, i) => {
    const other = b.rules[i];
    // Rules of one origin have the same conditions, but for the number of a multiplexed call, which makes another list.
    return other !== undefined && origin === other.origin && answer === other.answer &&
      tests.every((test, j) => isSameTest(test, other.tests[j]));
  });
}

type Test = Decision["rules"][number]["tests"][number];

function isSameTest(a: Test, b: Test | undefined): boolean {
  return b !== undefined && a.index === b.index && a.operator === b.operator &&
    a.mask.low === b.mask.low && a.mask.high === b.mask.high &&
    a.value.low === b.value.low && a.value.high === b.value.high;
}
