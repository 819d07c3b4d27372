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

/**
 * Makes a reader of lines that gives the name and place of a failed test where a line has them, else null. It reads the list under
 * FAILURES, for the lines that head the errors above that list look the same.
 */
export function failureReader(): (line: string) => string | null {
  let inList = false;
  return (line) => {
    const text = line.replace(COLOURS, "").trim();
    if (text === "FAILURES") inList = true;
    else if (/^FAILED \|/.test(text)) inList = false;
    return inList && text.includes(" => ") ? text : null;
  };
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
