/** How many tests ended how. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export const NO_COUNTS: Counts = { passed: 0, failed: 0, skipped: 0 };

// deno-lint-ignore no-control-regex -- colours
const COLOURS = /\x1b\[[0-9;]*m/g;

/** The counts of the line that `deno test` ends with, `ok | 11 passed (3 steps) | 0 failed | 2 ignored (25ms)`; none of any other. */
export function countsIn(line: string): Counts {
  const text = line.replace(COLOURS, "");
  if (!/^(?:ok|FAILED) \| \d+ passed/.test(text)) return NO_COUNTS;
  const count = (what: string): number =>
    Number(new RegExp(`\\| (\\d+) ${what}`).exec(text)?.[1] ?? 0);
  return { passed: count("passed"), failed: count("failed"), skipped: count("ignored") };
}

export function addCounts(a: Counts, b: Counts): Counts {
  return {
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
  };
}

export function countsLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}
