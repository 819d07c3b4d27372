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

/** For each part, itself and all that it needs. */
type Needs = ReadonlyMap<number, ReadonlySet<number>>;

/**
 * Puts parts together so that imports are cheap all in all: each evaluates few texts, and little that it does not need. No part is
 * in two texts.
 *
 * @param parts each behind those that it needs
 * @param targets those of them that are imported
 */
export function inBatches(parts: readonly BatchPart[], targets: readonly number[]): Batching {
  const needs = partsNeeded(parts);
  let groups: readonly Group[] = parts.map(({ id, size }) => ({ parts: [id], size }));
  for (;;) {
    const better = bestMerger(parts, groups, (merged) => costOf(merged, needs, targets));
    if (better === null) break;
    groups = better;
  }
  return {
    batches: groups.map((group) => group.parts),
    needs: new Map(targets.map((target) => [target, groupsNeeded(groups, needs, target)])),
  };
}

function partsNeeded(parts: readonly BatchPart[]): Needs {
  const needs = new Map<number, ReadonlySet<number>>();
  for (const { id, imports } of parts) {
    const all = new Set([id]);
    for (const { from } of imports) for (const needed of needs.get(from) ?? []) all.add(needed);
    needs.set(id, all);
  }
  return needs;
}

/** The best groups that two of these become one in; null when none are better. */
function bestMerger(
  parts: readonly BatchPart[],
  groups: readonly Group[],
  cost: (groups: readonly Group[]) => number,
): readonly Group[] | null {
  let best = cost(groups);
  let better: readonly Group[] | null = null;
  for (const [i, one] of groups.entries()) {
    for (const other of groups.slice(i + 1)) {
      const both = parts.map(({ id }) => id).filter((id) =>
        one.parts.includes(id) || other.parts.includes(id)
      );
      const merged = { parts: both, size: one.size + other.size };
      const rest = groups.filter((group) => group !== one && group !== other);
      const ordered = inOrder(parts, [...rest, merged]);
      if (ordered === null || cost(ordered) >= best) continue;
      best = cost(ordered);
      better = ordered;
    }
  }
  return better;
}

function costOf(groups: readonly Group[], needs: Needs, targets: readonly number[]): number {
  let cost = 0;
  for (const target of targets) {
    for (const index of groupsNeeded(groups, needs, target)) {
      cost += TEXT_COST + (groups[index]?.size ?? 0);
    }
  }
  return cost;
}

/** Which groups have to run for a part: those of all that it needs, and of all that these bring along. */
function groupsNeeded(groups: readonly Group[], needs: Needs, target: number): readonly number[] {
  const wanted = new Set(needs.get(target));
  const isNeeded = (group: Group): boolean => group.parts.some((part) => wanted.has(part));
  for (let size = -1; size !== wanted.size;) {
    size = wanted.size;
    for (const part of groups.filter(isNeeded).flatMap((group) => group.parts)) {
      for (const needed of needs.get(part) ?? []) wanted.add(needed);
    }
  }
  return [...groups.keys()].filter((index) => isNeeded(groups[index] as Group));
}

/** The groups, each behind those that it needs; null when two of them need each other. */
function inOrder(
  parts: readonly BatchPart[],
  groups: readonly Group[],
): readonly Group[] | null {
  const waiting = new Set(parts.map(({ id }) => id));
  const left = new Set(groups);
  const ordered: Group[] = [];
  const isReady = (group: Group): boolean =>
    group.parts.every((part) =>
      parts.find(({ id }) => id === part)?.imports.every(({ from }) =>
        !waiting.has(from) || group.parts.includes(from)
      )
    );
  while (left.size > 0) {
    const next = [...left].find(isReady);
    if (next === undefined) return null;
    ordered.push(next);
    left.delete(next);
    for (const part of next.parts) waiting.delete(part);
  }
  return ordered;
}
