import { assertEquals } from "@std/assert";
import type { Hierarchy, Layout } from "runtime/cgroups/hierarchies.ts";
import { cleanPath, placeContainer } from "runtime/cgroups/place.ts";

function hierarchy(changes: Partial<Hierarchy>): Hierarchy {
  return {
    version: 1,
    controllers: ["memory"],
    mountpoint: "/cg/memory",
    root: "/",
    own: "/",
    ...changes,
  };
}

function dirs(layout: Layout, cgroupsPath: string): string[] {
  return placeContainer(layout, cgroupsPath, "id").map(({ dir }) => dir);
}

function v1(changes: Partial<Hierarchy> = {}): Layout {
  return { kind: "v1", hierarchies: [hierarchy(changes)] };
}

function v2(changes: Partial<Hierarchy> = {}): Layout {
  const unified = { version: 2, controllers: [], mountpoint: "/cg", ...changes } as const;
  return { kind: "v2", hierarchies: [hierarchy(unified)] };
}

Deno.test("an absolute path is below the mountpoint, whatever this process's own cgroup is", () => {
  assertEquals(dirs(v1({ own: "/a/b" }), "/x/y"), ["/cg/memory/x/y"]);
  assertEquals(dirs(v2({ own: "/a/b" }), "/x/y"), ["/cg/x/y"]);
});

Deno.test("a relative path is below the own cgroup on version 1, below its parent on version 2", () => {
  assertEquals(dirs(v1({ own: "/a/b" }), "x"), ["/cg/memory/a/b/x"]);
  assertEquals(dirs(v2({ own: "/a/b" }), "x"), ["/cg/a/x"]);
  assertEquals(dirs(v2({ own: "/a" }), "x"), ["/cg/x"]);
  assertEquals(dirs(v2({ own: "/" }), "x"), ["/cg/x"]);
});

Deno.test("without a path the id is taken like a relative path", () => {
  assertEquals(dirs(v1({ own: "/a" }), ""), ["/cg/memory/a/id"]);
  assertEquals(dirs(v2({ own: "/a/b" }), ""), ["/cg/a/id"]);
});

Deno.test("the version 2 tree of a hybrid host follows the rule of version 1", () => {
  const unified = hierarchy({ version: 2, controllers: [], mountpoint: "/cg/u", own: "/a" });
  const layout: Layout = { kind: "hybrid", hierarchies: [hierarchy({}), unified] };
  assertEquals(dirs(layout, "x"), ["/cg/memory/x", "/cg/u/a/x"]);
});

Deno.test("dots never lead out of the tree", () => {
  assertEquals(dirs(v1(), "/../../etc"), ["/cg/memory/etc"]);
  assertEquals(dirs(v1({ own: "/a" }), "../../etc"), ["/cg/memory/a/etc"]);
  assertEquals(dirs(v2({ own: "/../b" }), "x"), ["/cg/x"]);
  assertEquals(cleanPath("a/./b//../c/"), "/a/c");
  assertEquals(cleanPath("/.."), "/");
});

Deno.test("inside a container without a cgroup namespace the own cgroup is what is mounted", () => {
  const nested = v1({ root: "/docker/x", own: "/docker/x/y" });
  assertEquals(dirs(nested, "c"), ["/cg/memory/y/c"]);
  assertEquals(dirs(v1({ root: "/docker/x", own: "/docker/x" }), "c"), ["/cg/memory/c"]);
  assertEquals(dirs(v1({ root: "/docker/x", own: "/elsewhere" }), "c"), ["/cg/memory/c"]);
});
