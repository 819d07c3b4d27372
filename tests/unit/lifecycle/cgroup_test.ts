import { assertEquals, assertThrows } from "@std/assert";
import { HostError } from "runtime/base/errors.ts";
import { applyDeviceControl, deviceControl } from "runtime/lifecycle/cgroup.ts";
import type { CgroupFacts } from "runtime/plan/plan.ts";
import { type Draft, validWith } from "tests/support/spec_fixtures.ts";

/** A host with trees of version 1 that have these controllers. */
function factsOf(controllers: readonly string[], unified: string | null): CgroupFacts {
  const hierarchies = controllers.map((name) => ({
    name,
    version: 1 as const,
    controllers: [name],
    directory: `/cg/${name}/c1`,
    isOwn: true,
  }));
  return { unified: false, hierarchies, tasks: [], unifiedDirectory: unified };
}

const RULED = validWith((config: Draft) => {
  config.linux.resources = { devices: [{ allow: false, access: "rwm" }] };
});

Deno.test("device rules are written to version 1, or are a program where only version 2 can hold them", () => {
  assertEquals(deviceControl(RULED, factsOf(["pids", "devices"], "/cg/unified/c1")).kind, "writes");
  assertEquals(deviceControl(RULED, factsOf(["pids"], "/cg/unified/c1")).kind, "program");
});

Deno.test("device rules that nothing on the host can hold are refused, and their absence is fine", () => {
  const control = deviceControl(RULED, factsOf(["pids"], null));
  assertThrows(() => applyDeviceControl(control), HostError, "Cannot control devices: neither ");
  const free = validWith((config: Draft) => config.linux.resources = {});
  applyDeviceControl(deviceControl(free, factsOf(["pids"], null)));
});
