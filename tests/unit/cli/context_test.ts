import { assertEquals, assertThrows } from "@std/assert";
import type { CommandContext, FlagValues } from "runtime/base/command.ts";
import { UsageError } from "runtime/base/errors.ts";
import { commandContext, rootIsExplicit } from "runtime/cli/context.ts";

function contextOf(flags: FlagValues): CommandContext & { lines: string[] } {
  const lines: string[] = [];
  const log = { log: (level: string, message: string) => void lines.push(`${level}: ${message}`) };
  return { ...commandContext("runc", { root: "/state", ...flags }, log), lines };
}

Deno.test("commandContext() makes the root absolute and clean", () => {
  for (const root of ["/a/b", "/a//b/", "/a/./c/../b", "/../a/b/."]) {
    assertEquals(contextOf({ root }).root, "/a/b", root);
  }
  assertEquals(contextOf({ root: "r/.hidden" }).root, `${Deno.cwd()}/r/.hidden`);
});

Deno.test("commandContext() sees / in any disguise", () => {
  for (const root of ["/", "//", "/.", "/a/..", "/../"]) {
    assertThrows(() => contextOf({ root }), UsageError, "should not be set to /", root);
  }
});

Deno.test("commandContext() takes the cgroup manager from either flag", () => {
  const managerOf = (flags: FlagValues): string => contextOf(flags).cgroupManager;
  assertEquals(managerOf({}), "cgroupfs");
  assertEquals(managerOf({ "systemd-cgroup": true }), "systemd");
  for (const manager of ["cgroupfs", "systemd", "disabled"]) {
    assertEquals(managerOf({ "cgroup-manager": manager }), manager);
  }
  assertEquals(managerOf({ "cgroup-manager": "cgroupfs", "systemd-cgroup": true }), "systemd");
  assertThrows(() => contextOf({ "cgroup-manager": "x" }), UsageError, '"x" is not one of');
});

Deno.test("commandContext() says what it accepts and does not follow", () => {
  assertEquals(contextOf({ criu: "/usr/sbin/criu" }).lines, [
    "warning: --criu is ignored: criu is looked up in $PATH",
  ]);
});

Deno.test("rootIsExplicit() takes an empty --root for none", () => {
  assertEquals(rootIsExplicit({ root: "/x" }), true);
  assertEquals(rootIsExplicit({ root: "" }), false);
  assertEquals(rootIsExplicit({ root: null }), false);
});
