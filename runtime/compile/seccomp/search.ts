import type { SyscallTable } from "syscalls/abi/syscall_tables/table.ts";
import { FREQUENT } from "./frequent.ts";
import type { Interval } from "./intervals.ts";

/** How to find what is decided of a number: that, or a question and where to go on. */
export type Search<D> =
  | { readonly kind: "found"; readonly decision: D }
  | {
    readonly kind: "ask";
    readonly comparison: "jumpIfAtLeast" | "jumpIfEqual";
    readonly k: number;
    readonly yes: Search<D>;
    readonly no: Search<D>;
  };

/**
 * How often a call in each interval is made, beside others.
 *
 * @param table the calls that there are, each of which counts at least once
 */
export function weigh(
  intervals: readonly Interval<unknown>[],
  table: SyscallTable,
): readonly number[] {
  const weights = intervals.map(() => UNCALLED);
  const numbers = new Uint32Array(Object.values(table)).sort();
  for (let i = 0, at = 0; i < numbers.length; i++) {
    const number = numbers[i] as number;
    while (at + 1 < intervals.length && (intervals[at + 1] as Interval<unknown>).from <= number) {
      at++;
    }
    weights[at] = (weights[at] as number) + 1;
  }
  for (const name in FREQUENT) {
    const number = table[name];
    if (number === undefined) continue;
    const frequent = lastFrom(intervals, number);
    weights[frequent] = (weights[frequent] as number) + (FREQUENT[name] as number);
  }
  return weights;
}

/** Of an interval without any call: what nobody asks for may be far down, but not at the end of a long chain. */
const UNCALLED = 0.1;

function lastFrom(intervals: readonly Interval<unknown>[], number: number): number {
  let first = 0;
  let last = intervals.length - 1;
  while (first < last) {
    const middle = first + last + 1 >> 1;
    if ((intervals[middle] as Interval<unknown>).from <= number) first = middle;
    else last = middle - 1;
  }
  return first;
}

/**
 * Halves the intervals again and again, each time so that a call is as likely to be in one half as in the other: the calls that are made all
 * the time are found first.
 *
 * @param weights of the intervals, as weigh() has them
 */
export function searchFor<D>(
  intervals: readonly Interval<D>[],
  weights: readonly number[],
): Search<D> {
  const sums = [0];
  let sum = 0;
  for (const weight of weights) sums.push(sum += weight);
  return halve(intervals, sums, 0, intervals.length - 1);
}

/** @param sums for each interval, and for the end, what all before it weigh */
function halve<D>(
  intervals: readonly Interval<D>[],
  sums: readonly number[],
  first: number,
  last: number,
): Search<D> {
  const a = intervals[first] as Interval<D>;
  if (first === last) return { kind: "found", decision: a.decision };
  if (last - first === 2) {
    const b = intervals[first + 1] as Interval<D>;
    const c = intervals[last] as Interval<D>;
    if (c.from === b.from + 1 && c.decision === a.decision) {
      const yes = { kind: "found", decision: b.decision } as const;
      const no = { kind: "found", decision: a.decision } as const;
      return { kind: "ask", comparison: "jumpIfEqual", k: b.from, yes, no };
    }
  }
  const middle = middleOf(sums, first, last);
  return {
    kind: "ask",
    comparison: "jumpIfAtLeast",
    k: (intervals[middle] as Interval<D>).from,
    yes: halve(intervals, sums, middle, last),
    no: halve(intervals, sums, first, middle - 1),
  };
}

/** Where the second half begins. */
function middleOf(sums: readonly number[], first: number, last: number): number {
  const half = ((sums[first] as number) + (sums[last + 1] as number)) / 2;
  let low = first + 1;
  let high = last;
  while (low < high) {
    const middle = low + high >> 1;
    if ((sums[middle] as number) < half) low = middle + 1;
    else high = middle;
  }
  const isBefore = low > first + 1 &&
    half - (sums[low - 1] as number) <= Math.abs((sums[low] as number) - half);
  return isBefore ? low - 1 : low;
}
