import { assertEquals } from "@std/assert";
import { parseUnit } from "runtime/cgroups/systemd/unit_name.ts";
import { unitProperties } from "runtime/cgroups/systemd/unit_properties.ts";

const COUNTED = (io: string): readonly string[] =>
  ["Memory", "CPU", io, "Tasks"].map((name) => `${name}Accounting b true`);

function shown(path: string, unified: boolean): string[] {
  const unit = parseUnit(path, "c1", "system.slice");
  return unitProperties(unit, [7], unified).map(({ name, type, value }) =>
    `${name} ${type} ${JSON.stringify(value)}`
  );
}

Deno.test("a scope is made with runc's properties", () => {
  assertEquals(shown("a.slice:p:n", true), [
    'Description s "libcontainer container n"',
    'Slice s "a.slice"',
    "Delegate b true",
    "PIDs au [7]",
    ...COUNTED("IO"),
    "DefaultDependencies b false",
  ]);
  assertEquals(
    shown("", false).filter((line) => line.includes("IO")),
    [
      "PIDs au [7]",
      "BlockIOAccounting b true",
    ].slice(1),
  );
});

Deno.test("a slice wants its parent, and takes no processes", () => {
  assertEquals(shown("a.slice:p:a-b.slice", true), [
    'Description s "libcontainer container a-b.slice"',
    'Wants as ["a.slice"]',
    ...COUNTED("IO"),
    "DefaultDependencies b false",
  ]);
});
