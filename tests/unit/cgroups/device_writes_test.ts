import { assertEquals } from "@std/assert";
import { deviceWrites } from "runtime/cgroups/device_writes.ts";
import { deviceRules } from "runtime/spec/device_rules.ts";
import { validWith } from "tests/support/spec_fixtures.ts";

// deno-lint-ignore no-explicit-any
function firstWrites(devices: any[], count: number): string[] {
  const spec = validWith((config) => config.linux.resources.devices = devices);
  return deviceWrites(deviceRules(spec)).slice(0, count).map(({ file, value }) =>
    `${file} ${value}`
  );
}

Deno.test("rules are written in their order, all of all as one letter", () => {
  assertEquals(
    firstWrites([
      { allow: false, access: "rwm" },
      { allow: true, type: "c", major: 10, minor: 229, access: "rw" },
      { allow: false, type: "b", major: 8, access: "w" },
      { allow: true, type: "a", major: 1, minor: -1, access: "r" },
    ], 5),
    [
      "devices.deny a",
      "devices.allow c 10:229 rw",
      "devices.deny b 8:* w",
      "devices.allow b 1:* r",
      "devices.allow c 1:* r",
    ],
  );
});

Deno.test("what every container may use follows the rules; that a device is made allows nobody to use it", () => {
  const spec = validWith((config) => {
    config.linux.devices = [
      { type: "u", path: "/dev/fuse", major: 10, minor: 229 },
      { type: "p", path: "/run/pipe" },
    ];
  });
  const values = deviceWrites(deviceRules(spec)).map(({ value }) => value);
  assertEquals(values.slice(0, 4), ["a", "c *:* m", "b *:* m", "c 1:3 rwm"]);
  assertEquals(values.slice(-2), ["c 136:* rwm", "c 10:200 rwm"]);
});

Deno.test("without rules everything is allowed", () => {
  assertEquals(deviceRules(validWith((config) => delete config.linux.resources)), []);
});

Deno.test("letters that mean no access are left out, and a rule of none but them", () => {
  assertEquals(
    firstWrites([
      { allow: false, type: "c", major: 1, minor: 11, access: "rwa" },
      { allow: true, type: "c", major: 1, minor: 11, access: "x" },
    ], 2),
    ["devices.deny c 1:11 rw", "devices.allow c *:* m"],
  );
});
