import type { Decision } from "./decisions.ts";
import type { Interval } from "./intervals.ts";
import { type Search, searchFor, weigh } from "./search.ts";
import type { Section } from "./sections.ts";

/** What is decided of a number on the machine's own architecture and on the other one; one object where that is the same. */
export interface Choice {
  readonly own: Decision;
  readonly other: Decision;
}

/**
 * One search for the numbers of both architectures that a kernel reports, where most calls of the machine's own get the same answer on the
 * other, so that only the rest needs a look at the architecture; null where they do not.
 */
export function numberFirst(own: Section, other: readonly Interval[]): Search<Choice> | null {
  const merged = merge(own.intervals, other);
  const weights = weigh(merged, own.table);
  let balance = 0;
  merged.forEach(({ decision }, i) => {
    const weight = weights[i] as number;
    balance += decision.own === decision.other ? weight : -weight;
  });
  return balance > 0 ? searchFor(merged, weights) : null;
}

/** All numbers there are, cut where the answer of either changes; equal choices are one object. */
function merge(
  own: readonly Interval[],
  other: readonly Interval[],
): readonly Interval<Choice>[] {
  const known = new Map<Decision, Map<Decision, Choice>>();
  const found: Interval<Choice>[] = [];
  let i = 0;
  let j = 0;
  for (let from = 0; from < END;) {
    const decision = oneChoice(known, own[i] as Interval, other[j] as Interval);
    found.push({ from, decision });
    const nextOwn = own[i + 1]?.from ?? END;
    const nextOther = other[j + 1]?.from ?? END;
    if (nextOwn <= nextOther) i++;
    if (nextOther <= nextOwn) j++;
    from = Math.min(nextOwn, nextOther);
  }
  return found;
}

/** Behind all numbers. */
const END = 2 ** 32;

function oneChoice(
  known: Map<Decision, Map<Decision, Choice>>,
  { decision: own }: Interval,
  { decision: other }: Interval,
): Choice {
  let choices = known.get(own);
  if (choices === undefined) known.set(own, choices = new Map());
  let choice = choices.get(other);
  if (choice === undefined) choices.set(other, choice = { own, other });
  return choice;
}
