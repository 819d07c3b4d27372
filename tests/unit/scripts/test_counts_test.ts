import { assertEquals } from "@std/assert";
import { addCounts, countsIn, countsLine, failureReader, NO_COUNTS } from "scripts/test/counts.ts";

Deno.test("the counts of deno test's last line are read, coloured or not", () => {
  const all = { passed: 11, failed: 2, skipped: 3 };
  assertEquals(
    countsIn("FAILED | 11 passed (3 steps) | 2 failed (1 step) | 3 ignored (25ms)"),
    all,
  );
  const coloured =
    "\x1b[0m\x1b[32mok\x1b[0m | 4 passed | 0 failed \x1b[0m\x1b[38;5;245m(1s)\x1b[0m";
  assertEquals(countsIn(coloured), { passed: 4, failed: 0, skipped: 0 });
});

Deno.test("a line that is no summary counts nothing, and counts add up", () => {
  assertEquals(countsIn("a test that has ok | 4 passed | in its name ... ok"), NO_COUNTS);
  const sum = addCounts({ passed: 1, failed: 2, skipped: 3 }, { passed: 4, failed: 5, skipped: 6 });
  assertEquals(countsLine(sum), "5 passed, 7 failed, 9 skipped");
});

Deno.test("failed tests are those of the list at the end, each told once", () => {
  const lines = [
    " ERRORS ",
    "a thing works => ./tests/a_test.ts:1:6",
    "error: no",
    " \x1b[0m\x1b[37m\x1b[41mFAILURES\x1b[0m ",
    "",
    "a thing works => ./tests/a_test.ts:1:6",
    "FAILED | 0 passed | 1 failed (1s)",
    "later => ./tests/b_test.ts:1:6",
  ];
  const read = failureReader();
  assertEquals(lines.map(read).filter((it) => it !== null), [
    "a thing works => ./tests/a_test.ts:1:6",
  ]);
});
