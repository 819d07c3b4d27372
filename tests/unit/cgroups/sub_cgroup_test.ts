import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "runtime/base/errors.ts";
import type { Hierarchy } from "runtime/cgroups/hierarchies.ts";
import { parseSubCgroups, subDirectories } from "runtime/cgroups/sub_cgroup.ts";

const TREES: readonly Hierarchy[] = [
  { version: 1, controllers: ["cpu", "cpuacct"], mountpoint: "/c/cpu", root: "/", own: "/" },
  { version: 1, controllers: ["memory"], mountpoint: "/c/memory", root: "/", own: "/" },
  { version: 2, controllers: [], mountpoint: "/c/unified", root: "/", own: "/" },
];

const DIRECTORIES = ["/c/cpu/x/c1", "/c/memory/x/c1", "/c/unified/x/c1"] as const;

function directories(...args: readonly string[]): readonly string[] {
  return subDirectories(DIRECTORIES, parseSubCgroups(args), () => TREES);
}

Deno.test("one path is below every folder of the container, wherever it begins", () => {
  for (const path of ["a/b", "/a/b/", "./a/../a//b"]) {
    assertEquals(directories(path), DIRECTORIES.map((dir) => `${dir}/a/b`));
  }
  assertEquals(directories("/"), DIRECTORIES);
  const never = (): never => {
    throw new Error("asked for the trees");
  };
  assertEquals(subDirectories(["/c/x"], parseSubCgroups(["a"]), never), ["/c/x/a"]);
});

Deno.test("a path of named controllers is in their trees alone", () => {
  const [cpu, memory, unified] = DIRECTORIES;
  assertEquals(directories("cpu,cpuacct:a"), [`${cpu}/a`, memory, unified]);
  assertEquals(directories("memory:a", "cpu:/b"), [`${cpu}/b`, `${memory}/a`, unified]);
  assertThrows(() => directories("whaaat:/"), UsageError, "unknown controller whaaat in");
});

Deno.test("no path leads out of the container's folder, nor to one with a longer name", () => {
  for (const path of ["..", "a/../..", "../c12", "memory:../c1x"]) {
    assertThrows(() => directories(path), UsageError, "bad sub cgroup path: ");
  }
});

Deno.test("what cannot be told apart is refused", () => {
  assertThrows(() => parseSubCgroups(["a", "b"]), UsageError, "a (missing <controller>: prefix)");
  assertThrows(() => parseSubCgroups([":a"]), UsageError, ":a (empty <controller> prefix)");
  assertThrows(() => parseSubCgroups(["cpu,:a"]), UsageError, "(empty <controller> prefix)");
  assertThrows(
    () => parseSubCgroups(["cpu:a", "memory,cpu:b"]),
    UsageError,
    "controller cpu specified multiple times",
  );
});
