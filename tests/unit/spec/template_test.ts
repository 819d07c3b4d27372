import { assert, assertEquals } from "@std/assert";
import { parseConfig } from "runtime/spec/parse.ts";
import { specTemplate } from "runtime/spec/template.ts";
import { validate } from "runtime/spec/validate.ts";
import { CONTEXT, fixture } from "tests/support/spec_fixtures.ts";

/** What a newer runc writes: since 1.2 without ambient capabilities. */
function modern(text: string): string {
  return text.replace("1.0.2-dev", "1.3.0").replace(/,\n\t\t\t"ambient": \[[^\]]*\]/, "");
}

Deno.test("specTemplate() writes what runc writes, byte for byte", () => {
  assertEquals(
    specTemplate({ rootless: null, cgroup2: false, hostname: "runc" }),
    modern(fixture("runc-1.1.5.json")),
  );
});

Deno.test("specTemplate() writes what runc writes for a rootless container, byte for byte", () => {
  assertEquals(
    specTemplate({ rootless: { uid: 0, gid: 0 }, cgroup2: false, hostname: "runc" }),
    modern(fixture("runc-1.1.5-rootless.json")),
  );
});

Deno.test("specTemplate() appends a cgroup namespace on the unified hierarchy, before a user namespace", () => {
  const types = (rootless: { uid: number; gid: number } | null): string[] =>
    JSON.parse(specTemplate({ rootless, cgroup2: true, hostname: "h" })).linux.namespaces
      .map(({ type }: { type: string }) => type);
  assertEquals(types(null), ["pid", "network", "ipc", "uts", "mount", "cgroup"]);
  assertEquals(types({ uid: 1, gid: 2 }), ["pid", "ipc", "uts", "mount", "cgroup", "user"]);
});

Deno.test("specTemplate() maps the caller's ids and gives its own document the runtime can use", () => {
  for (const rootless of [null, { uid: 1000, gid: 100 }]) {
    const text = specTemplate({ rootless, cgroup2: true, hostname: "ocirt" });
    const spec = validate(parseConfig(text, "config.json"), CONTEXT);
    assertEquals(spec.hostname, "ocirt");
    assertEquals(
      [spec.uidMappings, spec.gidMappings].map((mappings) => mappings.map(({ hostID }) => hostID)),
      rootless === null ? [[], []] : [[1000], [100]],
    );
    assert(!text.endsWith("\n"));
  }
});
