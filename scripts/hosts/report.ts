import { addCounts, type Counts, countsIn, failureReader, NO_COUNTS } from "../test/counts.ts";

/** What tests on one host came to. */
export interface HostReport {
  readonly host: string;
  readonly counts: Counts;
  /** Files and names of the failed tests. */
  readonly failures: readonly string[];
  /** Why tests were skipped, each reason once. */
  readonly skips: readonly string[];
  /** Status that the tests or the runner ended with. */
  readonly status: number;
  readonly seconds: number;
  /** Whether the tests came to their end: a host that dies on the way has run some, and has none that failed. */
  readonly complete: boolean;
  /** Whether the first of the tests was started. */
  readonly started: boolean;
}

type Read = Pick<HostReport, "counts" | "failures" | "skips" | "complete" | "started">;

/** Reads the lines that `scripts/test.ts` writes, on standard output or error. */
export class ReportReader {
  #counts = NO_COUNTS;
  #complete = false;
  #file = "";
  readonly #failures: string[] = [];
  readonly #skips = new Set<string>();
  readonly #failureIn = failureReader();

  line(line: string): void {
    this.#counts = addCounts(this.#counts, countsIn(line));
    if (/^\d+ passed, \d+ failed, \d+ skipped$/.test(line)) this.#complete = true;
    // The place that is told with a failure is a helper's where a helper has registered the test.
    this.#file = /^running \d+ tests? from \.?\/?(.+)$/.exec(line)?.[1] ?? this.#file;
    const failure = this.#failureIn(line);
    if (failure !== null) this.#failures.push(`${this.#file}: ${failure.replace(/ => \S+$/, "")}`);
    const skip = /^skipping tests: (.+)$/.exec(line)?.[1];
    if (skip !== undefined) this.#skips.add(skip);
  }

  read(): Read {
    return {
      counts: this.#counts,
      failures: this.#failures,
      skips: [...this.#skips],
      complete: this.#complete,
      started: this.#file !== "",
    };
  }
}

/** Whether everything has run there and nothing has failed. */
export function isGood({ counts, status, complete }: HostReport): boolean {
  return complete && status === 0 && counts.failed === 0 && counts.passed > 0;
}

/** Whether no test has been started there. */
export function hasNotBooted({ counts, complete, status, started }: HostReport): boolean {
  return !started && !complete && status !== 0 && counts.passed + counts.failed === 0;
}

/** A line for each host. */
export function reportRows(reports: readonly HostReport[]): string[][] {
  const rows = reports.map((report) => [
    report.host,
    String(report.counts.passed),
    String(report.counts.failed),
    String(report.counts.skipped),
    report.complete ? "yes" : `no, status ${report.status}`,
    report.seconds.toFixed(0),
  ]);
  return [["host", "passed", "failed", "skipped", "to the end", "seconds"], ...rows];
}

/** Below the table: what failed on which host, and why what was skipped. */
export function reportNotes(reports: readonly HostReport[]): string[] {
  const notes = (what: string, of: (report: HostReport) => readonly string[]): string[] => {
    const hosts = new Map<string, string[]>();
    for (const report of reports) {
      for (const it of of(report)) hosts.set(it, [...hosts.get(it) ?? [], report.host]);
    }
    return [...hosts].map(([it, where]) => `${what}: ${it} (on ${where.join(", ")})`);
  };
  return [...notes("failed", (it) => it.failures), ...notes("skipped", (it) => it.skips)];
}
