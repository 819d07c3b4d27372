import { assert, assertEquals } from "@std/assert";
import { SpecError } from "runtime/base/errors.ts";

Deno.test("SpecError keeps every problem, and tells as many as people read", () => {
  const problems = Array.from({ length: 3000 }, (_, i) => ({ path: `/mounts/${i}`, text: "no" }));
  const error = new SpecError("config.json", problems);
  assertEquals(error.problems.length, 3000);
  assert(error.message.startsWith("Cannot use config.json: /mounts/0: no; /mounts/1: no; "));
  assert(error.message.endsWith("; /mounts/19: no; and 2980 more problems"), error.message);
  const one = new SpecError("config.json", problems.slice(0, 21));
  assert(one.message.endsWith("; and 1 more problem"), one.message);
});

Deno.test("SpecError cuts a place and a text that somebody made endless", () => {
  const error = new SpecError("f", [{ path: `/${"x".repeat(70_000)}`, text: "y".repeat(70_000) }]);
  const place = `/${"x".repeat(199)}... (70001 characters)`;
  const text = `${"y".repeat(1000)}... (70000 characters)`;
  assertEquals(error.message, `Cannot use f: ${place}: ${text}`);
});
