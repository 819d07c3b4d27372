import { assertEquals, assertThrows } from "@std/assert";
import {
  expandSlice,
  parseUnit,
  unitCgroup,
  UnitNameError,
} from "runtime/cgroups/systemd/unit_name.ts";

const parse = (path: string): readonly string[] => {
  const { slice, unit, name } = parseUnit(path, "c1", "system.slice");
  return [slice, unit, name];
};

Deno.test("parseUnit() reads slice:prefix:name", () => {
  assertEquals(parse("a-b.slice:docker:x"), ["a-b.slice", "docker-x.scope", "x"]);
  assertEquals(parse(":docker:x"), ["system.slice", "docker-x.scope", "x"]);
  assertEquals(parse("-.slice:p:x"), ["-.slice", "p-x.scope", "x"]);
});

Deno.test("parseUnit() names a scope as runc does where nothing is said", () => {
  assertEquals(parse(""), ["system.slice", "runc-c1.scope", "c1"]);
  assertEquals(parseUnit("", "c1", "user.slice").slice, "user.slice");
});

Deno.test("parseUnit() takes a name that ends in .slice for the unit itself", () => {
  assertEquals(parse("a.slice:ignored:a-b.slice"), ["a.slice", "a-b.slice", "a-b.slice"]);
});

Deno.test("parseUnit() refuses other forms in runc's words", () => {
  for (const path of ["/a/b", "x", "a.slice:b", "a.slice:b:c:d"]) {
    assertThrows(
      () => parse(path),
      UnitNameError,
      `expected cgroupsPath to be of format "slice:prefix:name" for systemd cgroups, got "${path}" instead`,
    );
  }
  for (const slice of ["a", "a--b.slice", "-a.slice", "a/b.slice", ".slice"]) {
    assertThrows(() => parse(`${slice}:p:n`), UnitNameError, `invalid slice name: ${slice}`);
  }
  assertThrows(() => parse("a.slice:..:/../x"), UnitNameError, "invalid unit name");
  assertThrows(() => parse(`a.slice:p:${"x".repeat(300)}`), UnitNameError, "invalid unit name");
});

Deno.test("expandSlice() puts a slice into those that its name begins with", () => {
  assertEquals(expandSlice("system.slice"), "/system.slice");
  assertEquals(expandSlice("a-b-c.slice"), "/a.slice/a-b.slice/a-b-c.slice");
  assertEquals(expandSlice("-.slice"), "/");
});

Deno.test("unitCgroup() is below the manager's own cgroup", () => {
  const unit = parseUnit("a-b.slice:p:n", "c1", "system.slice");
  assertEquals(unitCgroup(unit, ""), "/a.slice/a-b.slice/p-n.scope");
  assertEquals(unitCgroup(unit, "/"), "/a.slice/a-b.slice/p-n.scope");
  assertEquals(unitCgroup(unit, "/u@1.service"), "/u@1.service/a.slice/a-b.slice/p-n.scope");
  const atRoot = parseUnit("-.slice:p:n", "c1", "system.slice");
  assertEquals(unitCgroup(atRoot, "/"), "/p-n.scope");
  const slice = parseUnit(":p:x-y.slice", "c1", "system.slice");
  assertEquals(unitCgroup(slice, "/"), "/x.slice/x-y.slice");
});
