import { assertEquals } from "@std/assert";
import { DEFAULT_HOSTS, hostName, parseHost } from "scripts/hosts/host.ts";
import {
  hasNotBooted,
  type HostReport,
  isGood,
  reportNotes,
  ReportReader,
  reportRows,
} from "scripts/hosts/report.ts";

function reportOf(host: string, lines: readonly string[], status = 0): HostReport {
  const reader = new ReportReader();
  lines.forEach((line) => reader.line(line));
  return { host, status, seconds: 61.4, ...reader.read() };
}

const LINES = [
  "skipping tests: Cannot mount overlay: ENODEV (No such device)",
  "running 2 tests from ./tests/kernel/a_test.ts",
  "skipping tests: Cannot mount overlay: ENODEV (No such device)",
  " FAILURES ",
  "a thing works => ./tests/support/stage.ts:1:6",
  "FAILED | 1 passed | 1 failed | 3 ignored (1s)",
  "failed: a thing works => ./tests/support/stage.ts:1:6",
  "1 passed, 1 failed, 3 skipped",
];

Deno.test("a host is a kernel, its cgroups and its process 1, and nothing else is a host", () => {
  for (const host of DEFAULT_HOSTS) assertEquals(parseHost(hostName(host)), host);
  const others = ["tests/kernel/run_test.ts", "a/v3/none", "a/v2", "a/v2/none/x", "/v2/none", "a"];
  assertEquals(others.map(parseHost), others.map(() => null));
});

Deno.test("a host's report has counts, the file of what failed, and each reason to skip once", () => {
  const report = reportOf("k/v2/none", LINES, 1);
  assertEquals(reportRows([report]), [
    ["host", "passed", "failed", "skipped", "to the end", "seconds"],
    ["k/v2/none", "1", "1", "3", "yes", "61"],
  ]);
  assertEquals(reportNotes([report, reportOf("k/v1/none", LINES, 1)]), [
    "failed: tests/kernel/a_test.ts: a thing works (on k/v2/none, k/v1/none)",
    "skipped: Cannot mount overlay: ENODEV (No such device) (on k/v2/none, k/v1/none)",
  ]);
});

Deno.test("a host that ended before its tests did is not good, though none of them failed", () => {
  const [passed, end] = ["ok | 4 passed | 0 failed (1s)", "4 passed, 0 failed, 0 skipped"];
  assertEquals(isGood(reportOf("k/v2/none", [passed, end])), true);
  const cut = reportOf("k/v2/none", [passed], 125);
  assertEquals(isGood(cut), false);
  assertEquals(reportRows([cut])[1]?.[4], "no, status 125");
  assertEquals(isGood(reportOf("k/v2/none", [])), false);
});

Deno.test("a host on which no test was started has not booted, whatever else has failed", () => {
  assertEquals(hasNotBooted(reportOf("a", ["panic"], 125)), true);
  assertEquals(hasNotBooted(reportOf("a", LINES, 1)), false);
  assertEquals(hasNotBooted(reportOf("a", LINES.slice(0, 2), 124)), false);
  assertEquals(hasNotBooted(reportOf("a", [], 0)), false);
});
