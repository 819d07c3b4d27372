/** A part of a program, as far as it matters which ones are loaded together. */
export interface BatchPart {
  readonly id: number;
  readonly imports: readonly { readonly from: number }[];
  /** Bytes of text. */
  readonly size: number;
}

/** Parts that are evaluated as one text, always together. */
export type Batch = readonly number[];

/** Batches in an order in which they can run, and for each import the ones it needs, by their places. */
export interface Batching {
  readonly batches: readonly Batch[];
  readonly needs: ReadonlyMap<number, readonly number[]>;
}

/**
 * What another text to be evaluated costs, as the bytes of text that take as long: 50 microseconds, for its look-up among the
 * compiled code above all.
 */
const TEXT_COST = 3000;

interface Group {
  /** Each behind those that it needs. */
  readonly parts: readonly number[];
  readonly size: number;
}

/** Which imports ask for something: a bit each, in words of 32. */
type Imports = Uint32Array;

/**
 * Puts parts together so that imports are cheap all in all: each evaluates few texts, and little that it does not need. No part is
 * in two texts.
 *
 * @param parts each behind those that it needs
 * @param targets those of them that are imported
 */
export function inBatches(parts: readonly BatchPart[], targets: readonly number[]): Batching {
  let plan = arranged(parts, targets, together(parts, targets));
  if (plan === null) throw new Error("Cannot put parts into batches: they need each other");
  for (let better = bestMerger(parts, targets, plan); better !== null;) {
    plan = better;
    better = bestMerger(parts, targets, plan);
  }
  const { groups, askedBy } = plan;
  const needsOf = (index: number): number[] =>
    [...groups.keys()].filter((group) => has(askedBy[group], index));
  return {
    batches: groups.map((group) => group.parts),
    needs: new Map(targets.map((target, index) => [target, needsOf(index)])),
  };
}

/** Groups in an order in which they can run, and what follows from it. */
interface Plan {
  readonly groups: readonly Group[];
  /** For each group the imports that evaluate it. */
  readonly askedBy: readonly Imports[];
  readonly cost: number;
}

/** The groups, each behind those that it needs; null when two of them need each other. */
function arranged(
  parts: readonly BatchPart[],
  targets: readonly number[],
  groups: readonly Group[],
): Plan | null {
  const groupOf = new Map<number, number>();
  for (const [index, group] of groups.entries()) {
    for (const part of group.parts) groupOf.set(part, index);
  }
  const needs = groups.map(() => new Set<number>());
  for (const { id, imports } of parts) {
    const own = groupOf.get(id) ?? -1;
    for (const { from } of imports) {
      const needed = groupOf.get(from);
      if (needed !== undefined && needed !== own) needs[own]?.add(needed);
    }
  }
  const order = inOrder(needs);
  if (order === null) return null;
  const askedBy = groups.map(() => new Uint32Array((targets.length >> 5) + 1));
  for (const [bit, target] of targets.entries()) add(askedBy[groupOf.get(target) ?? -1], bit);
  // Who asks for a group asks for what it needs: those come last, for they stand first in the order.
  for (const index of order.toReversed()) {
    for (const needed of needs[index] ?? []) unite(askedBy[needed], askedBy[index]);
  }
  let cost = 0;
  for (const [index, { size }] of groups.entries()) {
    cost += count(askedBy[index]) * (TEXT_COST + size);
  }
  const pick = <T>(all: readonly T[]): T[] => order.map((index) => all[index] as T);
  return { groups: pick(groups), askedBy: pick(askedBy), cost };
}

/** An order in which nothing comes before what it needs; null when there is none. */
function inOrder(needs: readonly ReadonlySet<number>[]): readonly number[] | null {
  const order: number[] = [];
  const done = new Set<number>();
  while (order.length < needs.length) {
    const next = needs.findIndex((its, index) =>
      !done.has(index) && [...its].every((needed) => done.has(needed))
    );
    if (next < 0) return null;
    order.push(next);
    done.add(next);
  }
  return order;
}

/** A group for each set of imports: what is always evaluated together is one text in any case. */
function together(parts: readonly BatchPart[], targets: readonly number[]): readonly Group[] {
  const alone = arranged(parts, targets, parts.map(({ id, size }) => ({ parts: [id], size })));
  const found = new Map<string, number[]>();
  for (const [index, { parts: [id = -1] }] of (alone?.groups ?? []).entries()) {
    const key = alone?.askedBy[index]?.join() ?? "";
    found.set(key, [...found.get(key) ?? [], id]);
  }
  return [...found.values()].map((ids) => groupOf(parts, ids));
}

function groupOf(parts: readonly BatchPart[], ids: readonly number[]): Group {
  const its = parts.filter(({ id }) => ids.includes(id));
  return { parts: its.map(({ id }) => id), size: its.reduce((sum, { size }) => sum + size, 0) };
}

/** The best plan in which two of these groups are one; null when none is better. */
function bestMerger(
  parts: readonly BatchPart[],
  targets: readonly number[],
  plan: Plan,
): Plan | null {
  let best: Plan | null = null;
  for (const { one, other, gain } of promising(plan)) {
    if (best !== null && plan.cost - gain >= best.cost) break;
    const rest = plan.groups.filter((group) => group !== one && group !== other);
    const merged = groupOf(parts, [...one.parts, ...other.parts]);
    const next = arranged(parts, targets, [...rest, merged]);
    if (next !== null && next.cost < (best ?? plan).cost) best = next;
  }
  return best;
}

/** Pairs of groups that may be better as one, and what is saved at the most: more may have to come along. */
function promising({ groups, askedBy }: Plan): { one: Group; other: Group; gain: number }[] {
  const pairs: { one: Group; other: Group; gain: number }[] = [];
  for (const [i, one] of groups.entries()) {
    for (const [j, other] of groups.entries()) {
      const both = j > i ? common(askedBy[i], askedBy[j]) : 0;
      if (both === 0) continue;
      const needlessly = one.size * (count(askedBy[j]) - both) +
        other.size * (count(askedBy[i]) - both);
      const gain = both * TEXT_COST - needlessly;
      if (gain > 0) pairs.push({ one, other, gain });
    }
  }
  return pairs.sort((a, b) => b.gain - a.gain);
}

function add(set: Imports | undefined, bit: number): void {
  if (set !== undefined) set[bit >> 5] = (set[bit >> 5] ?? 0) | 1 << (bit & 31);
}

function has(set: Imports | undefined, bit: number): boolean {
  return ((set?.[bit >> 5] ?? 0) >>> (bit & 31) & 1) === 1;
}

function unite(set: Imports | undefined, other: Imports | undefined): void {
  set?.forEach((word, index) => set[index] = word | (other?.[index] ?? 0));
}

/** How many imports are in both. */
function common(one: Imports | undefined, other: Imports | undefined): number {
  return count(one?.map((word, index) => word & (other?.[index] ?? 0)));
}

function count(set: Imports | undefined): number {
  let bits = 0;
  for (let word of set ?? []) for (; word !== 0; word = (word & word - 1) >>> 0) bits++;
  return bits;
}
