import { assertEquals } from "@std/assert";
import { linesLike, linesNotIn, schemataLines } from "runtime/resctrl/schemata.ts";

Deno.test("cache comes first, then the bandwidth, then all other lines", () => {
  assertEquals(schemataLines({}), []);
  assertEquals(schemataLines({ l3CacheSchema: "", memBwSchema: "", schemata: [""] }), []);
  assertEquals(
    schemataLines({
      schemata: ["L2:0=f", "MB:0=9"],
      memBwSchema: "MB:0=5",
      l3CacheSchema: "L3:0=1",
    }),
    ["L3:0=1", "MB:0=5", "L2:0=f", "MB:0=9"],
  );
});

Deno.test("bandwidth in the schema of the cache gives way to the property for it", () => {
  const l3CacheSchema = "MB:0=10\nL3:0=1";
  assertEquals(schemataLines({ l3CacheSchema }), ["MB:0=10", "L3:0=1"]);
  assertEquals(schemataLines({ l3CacheSchema, memBwSchema: "MB:0=5" }), ["L3:0=1", "MB:0=5"]);
});

Deno.test("a line is found however its numbers are written, for the caches that it names", () => {
  const present = "    L3:0=00f;1=ff0\n    MB:0= 30;1=100\nSMBA:0=2048\n";
  const table: readonly (readonly [line: string, isThere: boolean])[] = [
    ["L3:0=f", true],
    ["L3:1=0xff0;0=0F", true],
    ["L3:0=ff", false],
    ["L3:0=f;2=f", false],
    ["L2:0=f", false],
    ["L3:0=x", false],
    ["MB:0=30", true],
    ["MB:0=25", true],
    ["MB:0=20", false],
    ["MB:0=31", false],
    ["SMBA:0=2048", true],
    ["SMBA:0=2047", false],
    ["L3", false],
  ];
  for (const [line, isThere] of table) {
    assertEquals(linesNotIn([line], present, 10), isThere ? [] : [line], line);
  }
  assertEquals(linesNotIn([], "", 1), []);
});

Deno.test("what takes lines back are the old lines of the same kinds", () => {
  const before = "L3:0=f\n    MB:0=30\n    L2:0=1\n";
  assertEquals(linesLike(["MB:0=50", "L3:0=1"], before), ["L3:0=f", "MB:0=30"]);
  assertEquals(linesLike(["L3CODE:0=1"], before), []);
});
