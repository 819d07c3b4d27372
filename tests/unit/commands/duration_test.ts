import { assertEquals } from "@std/assert";
import { parseDuration } from "runtime/commands/duration.ts";

Deno.test("parseDuration() reads what Go writes and what people write for Go", () => {
  const durations: Readonly<Record<string, number>> = {
    "5s": 5000,
    "100ms": 100,
    "1.5h": 5_400_000,
    "1h2m3s": 3_723_000,
    "1h15m30.918273645s": 4_530_918.273645,
    ".5s": 500,
    "1.s": 1000,
    "+2m": 120_000,
    "-1s": -1000,
    "10us": 0.01,
    "10\u00b5s": 0.01,
    "10\u03bcs": 0.01,
    "0": 0,
    "-0": -0,
    "0s": 0,
    "2562047h": 9_223_369_200_000,
  };
  for (const [text, milliseconds] of Object.entries(durations)) {
    const read = parseDuration(text) ?? NaN;
    assertEquals(Math.round(read * 1e6), Math.round(milliseconds * 1e6), text);
  }
});

Deno.test("parseDuration() refuses what Go refuses", () => {
  const words = ["", "5", "s", ".s", "+", "1 s", "1S", "1d", "1s5", "--1s", "1e3s", "2562048h"];
  for (const text of [...words, "1..5s", "toString", "1constructor"]) {
    assertEquals(parseDuration(text), null, text);
  }
});
