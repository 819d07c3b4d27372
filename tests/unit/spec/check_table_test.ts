import { assert, assertEquals } from "@std/assert";
import { SpecError } from "runtime/base/errors.ts";
import { checkTable } from "runtime/spec/check_table.ts";
import { parseConfig } from "runtime/spec/parse.ts";
import { ConfigSchema } from "runtime/spec/schema.ts";
import { CONFIG_TABLE } from "runtime/spec/table.gen.ts";
import { validate } from "runtime/spec/validate.ts";
import { generate } from "scripts/generate_spec_table.ts";
import { CONTEXT, fixture, jsonText, mutate, seeded } from "tests/support/spec_fixtures.ts";

// Through the parser, since its 64-bit numbers must stay exact.
const EVERY_PROPERTY = parseConfig(fixture("every-property.json"), "every-property.json");

Deno.test("table.gen.ts is what the generator makes of the schema", () => {
  const url = new URL("../../../runtime/spec/table.gen.ts", import.meta.url);
  assertEquals(Deno.readTextFileSync(url), generate());
});

Deno.test("checkTable() and zod give the same verdict on seeded mutations of a full config", () => {
  const random = seeded(20261120);
  const verdicts = { valid: 0, invalid: 0 };
  for (let i = 0; i < 4000; i++) {
    const value = mutate(EVERY_PROPERTY, random);
    // The table takes the nulls out of the value, and zod must then agree without knowing them.
    const problems = checkTable(CONFIG_TABLE, value);
    const zod = ConfigSchema.safeParse(value);
    assertEquals(problems.length === 0, zod.success, `mutation ${i}: ${JSON.stringify(problems)}`);
    verdicts[zod.success ? "valid" : "invalid"]++;
    if (!zod.success) {
      const pointers = new Set(
        zod.error.issues.map(({ path }) => path.map((p) => `/${String(p)}`).join("")),
      );
      const found = new Set(
        problems.map(({ path }) => path.replaceAll("~1", "/").replaceAll("~0", "~")),
      );
      assertEquals([...found].sort(), [...pointers].sort(), `mutation ${i}`);
    }
  }
  assert(verdicts.valid > 500 && verdicts.invalid > 500, JSON.stringify(verdicts));
});

Deno.test("every mutated config ends in a valid spec or in a SpecError", () => {
  const random = seeded(7);
  const ends = { valid: 0, refused: 0 };
  for (let i = 0; i < 4000; i++) {
    const text = jsonText(mutate(EVERY_PROPERTY, random));
    try {
      validate(parseConfig(text, "config.json"), CONTEXT);
      ends.valid++;
    } catch (error) {
      assert(error instanceof SpecError, `mutation ${i}: ${error} for ${text}`);
      ends.refused++;
    }
  }
  assert(ends.valid > 200 && ends.refused > 500, JSON.stringify(ends));
});

Deno.test("every damaged text ends in a config or in a SpecError with a place", () => {
  const random = seeded(11);
  const text = fixture("docker.json");
  for (let i = 0; i < 300; i++) {
    const at = random(text.length);
    const damaged = text.slice(0, at) + '{}[]",:0\\\n'[random(10)] + text.slice(at + random(3));
    try {
      parseConfig(damaged, "config.json");
    } catch (error) {
      assert(error instanceof SpecError, `damage ${i} at ${at}: ${error}`);
      assert(/line \d+ column \d+: |\/[a-z]/.test(error.message), error.message);
    }
  }
});

Deno.test("names that differ by case alone are the same name, and the last one in the file counts", () => {
  const resources = (text: string): unknown => {
    const config = parseConfig(
      `{"ociVersion":"1.0.0","root":{"path":"r"},"linux":{"resources":${text}}}`,
      "config.json",
    );
    return JSON.parse(JSON.stringify(config.linux?.resources?.cpu ?? null));
  };
  const cpu = (text: string): unknown => {
    const { shares, cpus, mems } = resources(text) as Record<string, unknown>;
    return [shares, cpus, mems];
  };
  assertEquals(cpu('{"CPU":{"Cpus":"0"}}'), [undefined, "0", undefined]);
  assertEquals(cpu('{"cpu":{"shares":7,"mems":"1"},"CPU":{"Cpus":"0","Mems":"0"}}'), [7, "0", "0"]);
  assertEquals(cpu('{"CPU":{"Mems":"0"},"cpu":{"shares":7,"mems":"1"}}'), [7, undefined, "1"]);
});
