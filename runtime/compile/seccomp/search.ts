import { type Interval, isSame } from "./intervals.ts";

/** How to find the interval that a number is in: an interval, or a question and where to go on. */
export type Search =
  | { readonly kind: "found"; readonly interval: Interval }
  | {
    readonly kind: "ask";
    readonly comparison: "jumpIfAtLeast" | "jumpIfEqual";
    readonly k: number;
    readonly yes: Search;
    readonly no: Search;
  };

/**
 * Halves the intervals again and again, each time so that a call is as likely to be in one half as in the other: the calls that are made all
 * the time are found first.
 *
 * @param frequencies how much more often than others a call is made, by number
 */
export function searchFor(
  intervals: readonly Interval[],
  frequencies: ReadonlyMap<number, number>,
): Search {
  return halve(intervals, sums(intervals, frequencies), 0, intervals.length - 1);
}

/** For each interval, and for the end, what all before it weigh. */
function sums(
  intervals: readonly Interval[],
  frequencies: ReadonlyMap<number, number>,
): readonly number[] {
  const weights = intervals.map(() => 1);
  for (const [number, weight] of frequencies) {
    const at = lastFrom(intervals, number);
    weights[at] = (weights[at] ?? 0) + weight;
  }
  const found = [0];
  let sum = 0;
  for (const weight of weights) found.push(sum += weight);
  return found;
}

function lastFrom(intervals: readonly Interval[], number: number): number {
  let [first, last] = [0, intervals.length - 1];
  while (first < last) {
    const middle = first + last + 1 >> 1;
    if ((intervals[middle] as Interval).from <= number) first = middle;
    else last = middle - 1;
  }
  return first;
}

function halve(
  intervals: readonly Interval[],
  sums: readonly number[],
  first: number,
  last: number,
): Search {
  const [a, b, c] = intervals.slice(first, first + 3);
  if (a === undefined || first === last) return { kind: "found", interval: a as Interval };
  if (last - first === 2 && b !== undefined && c !== undefined) {
    const isOneNumber = c.from === b.from + 1 && isSame(a.decision, c.decision);
    if (isOneNumber) {
      const [yes, no] = [b, a].map((interval) => ({ kind: "found", interval }) as const);
      return {
        kind: "ask",
        comparison: "jumpIfEqual",
        k: b.from,
        yes: yes as Search,
        no: no as Search,
      };
    }
  }
  const half = ((sums[first] as number) + (sums[last + 1] as number)) / 2;
  let middle = first + 1;
  while (
    middle < last &&
    Math.abs((sums[middle + 1] as number) - half) < Math.abs((sums[middle] as number) - half)
  ) middle++;
  return {
    kind: "ask",
    comparison: "jumpIfAtLeast",
    k: (intervals[middle] as Interval).from,
    yes: halve(intervals, sums, middle, last),
    no: halve(intervals, sums, first, middle - 1),
  };
}
