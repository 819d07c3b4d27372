import { assertEquals, assertThrows } from "@std/assert";
import { summarize, table } from "scripts/bench/statistics.ts";

Deno.test("the median is the middle one, or between the two in the middle", () => {
  assertEquals(summarize([9, 1, 2]), { median: 2, minimum: 1, count: 3 });
  assertEquals(summarize([4, 10, 1, 2]), { median: 3, minimum: 1, count: 4 });
  assertThrows(() => summarize([]), RangeError, "there are none");
});

Deno.test("columns of numbers stand to the right", () => {
  assertEquals(table([["", "ms"], ["run", "12.5"]]), "       ms\nrun  12.5");
});
