import { assertEquals } from "@std/assert";
import { rfc3339 } from "runtime/state/timestamp.ts";

Deno.test("rfc3339() writes nanoseconds, and zeros in front", () => {
  assertEquals(rfc3339({ seconds: 0, nanoseconds: 7 }), "1970-01-01T00:00:00.000000007Z");
});

Deno.test("rfc3339() knows every date that the engine knows, leap days and ends of centuries too", () => {
  const differing: string[] = [];
  // A step that meets every day of a month and every second of a minute in the end.
  for (let seconds = 0; seconds < 7_000_000_000; seconds += 86_400 * 3 + 3_661) {
    const expected = new Date(seconds * 1000).toISOString().replace("000Z", "123456789Z");
    const text = rfc3339({ seconds, nanoseconds: 123_456_789 });
    if (text !== expected) differing.push(`${text} for ${expected}`);
  }
  assertEquals(differing, []);
  const lastOfFebruary = rfc3339({ seconds: 951_782_400, nanoseconds: 0 });
  assertEquals(lastOfFebruary, "2000-02-29T00:00:00.000000000Z");
});
