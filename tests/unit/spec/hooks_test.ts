import { assertEquals } from "@std/assert";
import { validWith } from "tests/support/spec_fixtures.ts";

Deno.test("hooks have every default filled in", () => {
  const { hooks } = validWith((config) => {
    config.hooks = {
      prestart: [{ path: "/a" }],
      poststop: [{ path: "/b", args: ["x", "y"], env: [], timeout: 7 }, { path: "/c", args: [] }],
    };
  });
  const defaults = { env: null, timeout: null };
  assertEquals(hooks.prestart, [
    { ...defaults, path: "/a", args: ["/a"], origin: "/hooks/prestart/0" },
  ]);
  assertEquals(hooks.poststop, [
    { path: "/b", args: ["x", "y"], env: [], timeout: 7, origin: "/hooks/poststop/0" },
    { ...defaults, path: "/c", args: ["/c"], origin: "/hooks/poststop/1" },
  ]);
  assertEquals([hooks.createRuntime, hooks.startContainer], [[], []]);
});

Deno.test("a file without hooks has six empty lists", () => {
  assertEquals(Object.values(validWith(() => {}).hooks).flat(), []);
  assertEquals(Object.keys(validWith((config) => config.hooks = {}).hooks).length, 6);
});
