import { assertEquals } from "@std/assert";
import { deviceGroup } from "runtime/cgroups/systemd/device_groups.ts";
import { deviceProperties } from "runtime/cgroups/systemd/device_properties.ts";
import type { DeviceRule } from "runtime/spec/device_rules.ts";

/** `+c 1:3 rwm` allows, `-` denies. */
function rule(text: string): DeviceRule {
  const [type = "", numbers = "", access = ""] = text.slice(1).split(" ");
  const [major = "", minor = ""] = numbers.split(":");
  const number = (word: string): number | null => word === "*" ? null : Number(word);
  return {
    allow: text.startsWith("+"),
    type: type as DeviceRule["type"],
    major: number(major),
    minor: number(minor),
    access,
  };
}

function shown(rules: readonly string[], { version = 257, ownProgram = true } = {}): unknown[] {
  const groupOf = (_: string, major: number): string | null => major === 136 ? "pts" : null;
  return deviceProperties(rules.map(rule), { version, ownProgram, groupOf }).map((
    { name, value },
  ) => name === "DevicePolicy" ? value : value);
}

const NOTHING = "-a *:* rwm";

Deno.test("a list of what is allowed is systemd's own form", () => {
  assertEquals(shown([NOTHING, "+c 1:3 rwm", "+b 8:0 r", "+c *:* m", "+c 136:* rw"]), [
    "strict",
    [],
    [["/dev/char/1:3", "rwm"], ["/dev/block/8:0", "r"], ["char-*", "m"], ["char-136", "rw"]],
  ]);
  assertEquals(shown([NOTHING, "+a 5:1 rw"]), [
    "strict",
    [],
    [["/dev/block/5:1", "rw"], ["/dev/char/5:1", "rw"]],
  ]);
  assertEquals(shown([NOTHING]), ["strict", []]);
});

Deno.test("rules for the same devices become one", () => {
  assertEquals(shown([NOTHING, "+c 1:3 m", "+c 1:3 r"]), ["strict", [], [["/dev/char/1:3", "rm"]]]);
  assertEquals(shown([NOTHING, "+c 1:3 rwm", "-c 1:3 w"]), [
    "strict",
    [],
    [["/dev/char/1:3", "rm"]],
  ]);
  assertEquals(shown([NOTHING, "+c 1:3 r", "-c 1:3 r"]), ["strict", []]);
  assertEquals(shown(["+c 1:3 r", "-a *:* rwm", "+c 1:5 r"]), [
    "strict",
    [],
    [["/dev/char/1:5", "r"]],
  ]);
});

Deno.test("where everything is allowed, or nothing is said, systemd has no list", () => {
  assertEquals(shown([NOTHING, "+a *:* rwm", "+c 1:3 rwm"]), ["auto", []]);
  assertEquals(shown([]), []);
});

Deno.test("what systemd cannot say is left to the runtime's own program on version 2", () => {
  for (
    const rules of [
      ["+a *:* rwm", "-c 1:3 w"],
      [NOTHING, "+c 1:* rwm", "-c 1:3 w"],
      [NOTHING, "+c *:5 rwm"],
    ]
  ) assertEquals(shown(rules), ["auto", []], rules.join());
});

Deno.test("on version 1 systemd is told the part that it can say, on the safe side", () => {
  const ownProgram = false;
  assertEquals(shown(["+a *:* rwm", "-c 1:3 w"], { ownProgram }), ["strict", []]);
  assertEquals(shown([NOTHING, "+c *:5 rwm", "+c 1:3 r"], { ownProgram }), [
    "strict",
    [],
    [["/dev/char/1:3", "r"]],
  ]);
});

Deno.test("systemd before 240 knows drivers by their names", () => {
  const old = { version: 239, ownProgram: false };
  assertEquals(shown([NOTHING, "+c 136:* rw", "+c 99:* r"], old), [
    "strict",
    [],
    [["char-pts", "rw"]],
  ]);
});

Deno.test("deviceGroup() reads /proc/devices", () => {
  const text = "Character devices:\n  1 mem\n136 pts\n\nBlock devices:\n  8 sd\n259 blkext\n";
  assertEquals(deviceGroup(text, "c", 1), "mem");
  assertEquals(deviceGroup(text, "c", 136), "pts");
  assertEquals(deviceGroup(text, "b", 8), "sd");
  assertEquals(deviceGroup(text, "c", 8), null);
});
