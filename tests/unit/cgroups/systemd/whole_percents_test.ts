import { assertEquals } from "@std/assert";
import { limitProperties } from "runtime/cgroups/systemd/limit_properties.ts";
import { inWholePercents } from "runtime/cgroups/systemd/whole_percents.ts";

const QUOTA = "/linux/resources/cpu/quota";

Deno.test("a quota is rounded up to the whole percents that systemd keeps", () => {
  const table: readonly (readonly [asked: string, written: string])[] = [
    ["500000 1000000", "500000 1000000"],
    ["500000 900000", "504000 900000"],
    ["1 100000", "1000 100000"],
    ["33333 100000", "34000 100000"],
    ["max 900000", "max 900000"],
    ["0 900000", "0 900000"],
    ["5 0", "5 0"],
  ];
  for (const [asked, written] of table) {
    const write = { file: "cpu.max", value: asked, origin: QUOTA };
    assertEquals(inWholePercents([write]), [{ ...write, value: written }]);
    // The rounded value means the same to systemd.
    assertEquals(
      limitProperties([{ ...write, value: written }], 260),
      limitProperties([write], 260),
      asked,
    );
  }
});

Deno.test("version 1 has the period in a file of its own", () => {
  const quota = { file: "cpu.cfs_quota_us", value: "500000", origin: QUOTA };
  const period = { file: "cpu.cfs_period_us", value: "900000", origin: "/cpu/period" };
  assertEquals(inWholePercents([period, quota]), [period, { ...quota, value: "504000" }]);
  assertEquals(inWholePercents([{ ...quota, value: "33333" }]), [{ ...quota, value: "34000" }]);
  assertEquals(inWholePercents([{ ...quota, value: "-1" }]), [{ ...quota, value: "-1" }]);
});

Deno.test("what unified names is left as it is", () => {
  const write = { file: "cpu.max", value: "500000 900000", origin: "/unified/cpu.max" };
  assertEquals(inWholePercents([write]), [write]);
});
