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

Deno.test("commandContext() takes systemd from either flag", () => {
  assertEquals(contextOf({}).systemdCgroup, false);
  assertEquals(contextOf({ "systemd-cgroup": true }).systemdCgroup, true);
  assertEquals(contextOf({ "cgroup-manager": "systemd" }).systemdCgroup, true);
  assertEquals(
    contextOf({ "cgroup-manager": "cgroupfs", "systemd-cgroup": true }).systemdCgroup,
    true,
  );
  assertThrows(() => contextOf({ "cgroup-manager": "x" }), UsageError, '"x" is not one of');
});

Deno.test("commandContext() says what it accepts and does not follow", () => {
  assertEquals(contextOf({ criu: "/usr/sbin/criu" }).lines, [
    "warning: --criu is ignored: criu is looked up in $PATH",
  ]);
  const disabled = contextOf({ "cgroup-manager": "disabled" });
  assertEquals([disabled.systemdCgroup, disabled.lines], [false, [
    "warning: --cgroup-manager=disabled is not supported: cgroupfs is used",
  ]]);
});

Deno.test("rootIsExplicit() takes an empty --root for none", () => {
  assertEquals(rootIsExplicit({ root: "/x" }), true);
  assertEquals(rootIsExplicit({ root: "" }), false);
  assertEquals(rootIsExplicit({ root: null }), false);
});
