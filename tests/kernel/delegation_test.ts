import { assertEquals } from "@std/assert";
import { hostLayout } from "runtime/cgroups/host_layout.ts";
import type { TestConfig } from "tests/support/bundle.ts";
import { containerTest } from "tests/support/stage.ts";

function withCgroupMount(config: TestConfig, mode: "rw" | "ro"): void {
  config.linux.namespaces.push({ type: "cgroup" }, { type: "user" });
  config.linux["uidMappings"] = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
  config.linux["gidMappings"] = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
  config.mounts = config.mounts.filter(({ destination }) => destination !== "/sys/fs/cgroup");
  const options = ["nosuid", "nodev", "noexec", mode];
  config.mounts.push({ destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options });
}

containerTest(
  "a container in a cgroup namespace of its own gets a writable cgroup for itself",
  (stage) => {
    const owners = (mode: "rw" | "ro"): string[] => {
      const c = stage.container((config) => withCgroupMount(config, mode)).create();
      return hostLayout().hierarchies.filter(({ version }) => version === 2)
        .flatMap(({ mountpoint }) =>
          ["", "/cgroup.procs", "/cgroup.subtree_control", "/cgroup.freeze"].map((name) =>
            String(Deno.statSync(`${mountpoint}${stage.cgroup}/${c.id}${name}`).uid)
          )
        );
    };
    if (hostLayout().kind !== "v2") return;
    assertEquals(owners("rw"), ["100000", "100000", "100000", "0"]);
    assertEquals(owners("ro"), ["0", "0", "0", "0"]);
  },
);
