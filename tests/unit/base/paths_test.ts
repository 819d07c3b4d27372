import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "runtime/base/errors.ts";
import { inRuntimeDir, recordPaths, type RootOptions, stateRoot } from "runtime/base/paths.ts";

function options(
  given: Partial<Omit<RootOptions, "env">>,
  env: Readonly<Record<string, string>> = {},
): RootOptions {
  const defaults = { root: null, programName: "ocirt", euid: 0, inUserNamespace: false };
  return { ...defaults, ...given, env: (name) => env[name] };
}

const XDG = { XDG_RUNTIME_DIR: "/run/user/7" };

Deno.test("stateRoot() is what --root says, whoever asks", () => {
  assertEquals(stateRoot(options({ root: "/x", euid: 7 }, XDG)), "/x");
});

Deno.test("stateRoot() refuses the root of the file system in runc's words", () => {
  for (const root of ["/", "//"]) {
    const error = assertThrows(() => stateRoot(options({ root })), UsageError);
    assertEquals(error.message, "Option --root argument should not be set to /");
  }
});

Deno.test("stateRoot() is /run/<name> for root, even when XDG_RUNTIME_DIR is set", () => {
  assertEquals(stateRoot(options({}, XDG)), "/run/ocirt");
  assertEquals(stateRoot(options({ programName: "runc" }, XDG)), "/run/runc");
});

Deno.test("stateRoot() is in XDG_RUNTIME_DIR for an ordinary user, where that is set and not empty", () => {
  assertEquals(stateRoot(options({ euid: 7 }, XDG)), "/run/user/7/ocirt");
  assertEquals(stateRoot(options({ euid: 7 })), "/run/ocirt");
  assertEquals(stateRoot(options({ euid: 7 }, { XDG_RUNTIME_DIR: "" })), "/run/ocirt");
});

Deno.test("stateRoot() treats root of a user namespace as an ordinary user unless USER is root", () => {
  const inside = { inUserNamespace: true };
  assertEquals(stateRoot(options(inside, { ...XDG, USER: "me" })), "/run/user/7/ocirt");
  assertEquals(stateRoot(options(inside, { ...XDG, USER: "root" })), "/run/ocirt");
});

Deno.test("inRuntimeDir() is about whole path components", () => {
  const env = (name: string): string | undefined => name === "XDG_RUNTIME_DIR" ? "/r" : undefined;
  assertEquals(inRuntimeDir("/r/ocirt", env), true);
  assertEquals(inRuntimeDir("/run/ocirt", env), false);
  assertEquals(inRuntimeDir("/r/ocirt", () => undefined), false);
});

Deno.test("recordPaths() keeps everything of a container in one folder", () => {
  const { dir, ...files } = recordPaths("/run/ocirt", "c1");
  assertEquals(dir, "/run/ocirt/c1");
  assertEquals(files.gate, "/run/ocirt/c1/exec.fifo");
  for (const file of Object.values(files)) assertEquals(file.startsWith(`${dir}/`), true, file);
});
