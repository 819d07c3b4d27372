import type { Fault, Kind } from "./kind.ts";

/** How much is spent on making one input smaller. */
export interface Effort {
  readonly tries: number;
  readonly milliseconds: number;
}

/** The smallest input that was found to break the same rule. */
export async function minimise<Input>(
  kind: Kind<Input>,
  input: Input,
  fault: Fault,
  { tries, milliseconds }: Effort,
): Promise<{ readonly input: Input; readonly fault: Fault }> {
  const end = performance.now() + milliseconds;
  let smallest = { input, fault };
  let left = tries;
  for (let improved = true; improved;) {
    improved = false;
    for (const candidate of kind.smaller(smallest.input)) {
      if (left-- <= 0 || performance.now() > end) return smallest;
      const found = await kind.run(candidate);
      if (found?.rule !== fault.rule) continue;
      smallest = { input: candidate, fault: found };
      improved = true;
      break;
    }
  }
  return smallest;
}

/** Texts with a piece cut out, big pieces first. */
export function* smallerTexts(text: string): Iterable<string> {
  for (let size = text.length; size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < text.length; at += size) {
      yield text.slice(0, at) + text.slice(at + size);
    }
    if (text.length > 2000 && size < 16) return;
  }
}

/** Lists with a run of items left out, long runs first. */
export function* smallerLists<Item>(list: readonly Item[]): Iterable<Item[]> {
  for (let size = list.length; size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < list.length; at += size) {
      yield [...list.slice(0, at), ...list.slice(at + size)];
    }
  }
}

/** JSON values with something left out: properties and items of the outermost level first, then of those inside, then texts. */
export function* smallerValues(value: unknown): Iterable<unknown> {
  if (typeof value === "string") {
    if (value.length > 1) yield* [value.slice(0, value.length >> 1), value.slice(1)];
    return;
  }
  if (Array.isArray(value)) {
    yield* smallerLists(value);
    for (let i = 0; i < Math.min(value.length, 40); i++) {
      for (const inner of smallerValues(value[i])) yield value.with(i, inner);
    }
    return;
  }
  if (typeof value !== "object" || value === null) return;
  const entries = Object.entries(value);
  for (const some of smallerLists(entries)) yield Object.fromEntries(some);
  for (const [at, [name, child]] of entries.slice(0, 40).entries()) {
    for (const inner of smallerValues(child)) {
      yield Object.fromEntries(entries.with(at, [name, inner]));
    }
  }
}
