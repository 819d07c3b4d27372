import { assertEquals } from "@std/assert";
import { delegationOf } from "runtime/lifecycle/cgroup_owner.ts";
import { LEGACY, UNIFIED, withUserNamespace } from "tests/support/plan_fixtures.ts";
import { type Draft, validWith } from "tests/support/spec_fixtures.ts";

/** A cgroup mount that can be written to, in a cgroup namespace of the container's own. */
function writable(config: Draft): void {
  const options = ["rw", "nosuid"];
  const destination = "/sys/fs/cgroup";
  config.mounts = [{ destination, type: "cgroup", source: "cgroup", options }];
}

function ownerOf(change: (config: Draft) => void, cgroups = UNIFIED): number | null {
  return delegationOf(validWith(change), cgroups)?.owner ?? null;
}

Deno.test("the cgroup is given to the host's id of the process's user", () => {
  const spec = validWith((config) => {
    writable(config);
    withUserNamespace(config);
    config.process.user = { uid: 7, gid: 8 };
  });
  assertEquals(delegationOf(spec, UNIFIED), { directory: "/sys/fs/cgroup/c1", owner: 100_007 });
  assertEquals(
    ownerOf((config) => {
      writable(config);
      config.process.user = { uid: 7, gid: 8 };
    }),
    7,
  );
});

Deno.test("the cgroup stays root's where the container could do nothing with it", () => {
  const both = (config: Draft): void => {
    writable(config);
    withUserNamespace(config);
  };
  assertEquals(ownerOf(both), 100_000);
  assertEquals(ownerOf(both, LEGACY), null);
  assertEquals(ownerOf(writable), null);
  assertEquals(
    ownerOf((config) => {
      both(config);
      config.mounts[0].options.push("ro");
    }),
    null,
  );
  assertEquals(
    ownerOf((config) => {
      both(config);
      const { linux } = config;
      linux.namespaces = linux.namespaces.filter((it: { type: string }) => it.type !== "cgroup");
    }),
    null,
  );
});
