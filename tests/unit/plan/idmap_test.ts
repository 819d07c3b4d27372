import { assertEquals } from "@std/assert";
import type { Idmap } from "runtime/plan/mount_step.ts";
import { planWith, withUserNamespace } from "tests/support/plan_fixtures.ts";
import type { Draft } from "tests/support/spec_fixtures.ts";

const OWN = [{ containerID: 5, hostID: 6, size: 7 }];
const CONTAINERS = [{ containerID: 0, hostID: 100000, size: 65536 }];

/** What the plan says of the ids of one bind mount. */
function idmapOf(mount: Draft, change: (config: Draft) => void = () => {}): Idmap | null {
  const { steps } = planWith({
    change: (config) => {
      change(config);
      config.mounts.push({ destination: "/data", source: "/data", ...mount });
    },
  });
  const binds = steps.filter((step) => step.kind === "mountBind");
  return binds.find(({ destination }) => destination === "/data")?.idmap ?? null;
}

Deno.test("a bind mount that asks for no mapping keeps its owners", () => {
  assertEquals(idmapOf({ options: ["rbind"] }, withUserNamespace), null);
});

Deno.test("a bind mount is mapped as it says itself, alone or with what is below it", () => {
  const own = { uidMappings: OWN, gidMappings: OWN };
  for (const change of [() => {}, withUserNamespace]) {
    assertEquals(idmapOf({ options: ["rbind"], ...own }, change), { ...own, deep: false });
    assertEquals(idmapOf({ options: ["rbind", "ridmap"], ...own }, change), { ...own, deep: true });
  }
});

Deno.test("the option alone takes the mappings of a new user namespace, and leaves those of a joined one open", () => {
  const idmap = { options: ["rbind", "idmap"] };
  assertEquals(idmapOf(idmap, withUserNamespace), {
    uidMappings: CONTAINERS,
    gidMappings: CONTAINERS,
    deep: false,
  });
  const joins = (config: Draft): void => {
    config.linux.namespaces.push({ type: "user", path: "/run/userns" });
  };
  assertEquals(idmapOf(idmap, joins), { uidMappings: [], gidMappings: [], deep: false });
});
