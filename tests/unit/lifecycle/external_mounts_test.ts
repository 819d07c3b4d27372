import { assertEquals } from "@std/assert";
import { nestedMounts } from "runtime/lifecycle/external_mounts.ts";
import { withTimeNamespace } from "runtime/lifecycle/restore_container.ts";

const MOUNTS = [
  { place: "/data", source: "/srv", deep: true },
  { place: "/data/own", source: "/other", deep: false },
  { place: "/flat", source: "/srv", deep: false },
];

Deno.test("nestedMounts() finds in the container what came with a recursive bind mount", () => {
  const there = ["/", "/data", "/data/a", "/data/a/b", "/data/own", "/data/own/c", "/flat/d"];
  const found = nestedMounts(MOUNTS, ["/data/masked"], [...there, "/data/masked"], "place");
  assertEquals(found.map(({ place, source }) => [place, source]), [
    ["/data/a", "/srv/a"],
    ["/data/a/b", "/srv/a/b"],
  ]);
});

Deno.test("nestedMounts() finds the same on the host, by the source", () => {
  const there = ["/", "/srv", "/srv/a", "/srv/a/b", "/srv/own", "/srvx/e"];
  assertEquals(
    nestedMounts(MOUNTS, [], there, "source").map(({ place, source }) => [place, source]),
    [["/data/a", "/srv/a"], ["/data/a/b", "/srv/a/b"]],
  );
});

Deno.test("nestedMounts() takes a bind of the whole host apart", () => {
  const host = [{ place: "/host", source: "/", deep: true }];
  assertEquals(
    nestedMounts(host, [], ["/", "/proc", "/home"], "source").map(({ place, source }) => [
      place,
      source,
    ]),
    [["/host/proc", "/proc"], ["/host/home", "/home"]],
  );
});

Deno.test("withTimeNamespace() adds to the list of namespaces alone", () => {
  const text =
    '{"annotations": {"a": "\\"namespaces\\": ["}, "linux": {"namespaces" : [{"type":"pid"}]}}';
  const { linux } = JSON.parse(withTimeNamespace(text));
  assertEquals(linux.namespaces, [{ type: "time" }, { type: "pid" }]);
});
