import { assert, assertEquals } from "@std/assert";
import { containerTest } from "tests/support/stage.ts";

containerTest("features is a JSON document, indented by four, with a last newline", (stage) => {
  const { code, stdout, stderr } = stage.ocirt(["features"]);
  assertEquals([code, stderr], [0, ""]);
  const document = JSON.parse(stdout);
  assertEquals(stdout, JSON.stringify(document, null, 4) + "\n");
  assertEquals([document.ociVersionMin, document.ociVersionMax], ["1.0.0", "1.3.0"]);
  assertEquals(document.potentiallyUnsafeConfigAnnotations, [
    "bundle",
    "org.systemd.property.",
    "org.criu.config",
    "run.oci.",
  ]);
});

containerTest("features tells every namespace, capability and mount option that works", (stage) => {
  const { linux, mountOptions } = JSON.parse(stage.ocirt(["features"]).stdout);
  assertEquals(linux.namespaces, [
    "cgroup",
    "ipc",
    "mount",
    "network",
    "pid",
    "time",
    "user",
    "uts",
  ]);
  assertEquals([linux.capabilities[0], linux.capabilities.at(-1), linux.capabilities.length], [
    "CAP_CHOWN",
    "CAP_CHECKPOINT_RESTORE",
    41,
  ]);
  for (const option of ["bind", "ro", "rro", "nosymfollow", "rprivate", "lazytime", "unbindable"]) {
    assert(mountOptions.includes(option), option);
  }
  assertEquals(mountOptions, [...mountOptions].sort());
  assertEquals([linux.cgroup.v1, linux.cgroup.v2], [true, true]);
  assertEquals(linux.memoryPolicy.modes.length, 7);
  assertEquals(linux.memoryPolicy.modes, [...linux.memoryPolicy.modes].sort());
  assertEquals(linux.memoryPolicy.flags, [
    "MPOL_F_NUMA_BALANCING",
    "MPOL_F_RELATIVE_NODES",
    "MPOL_F_STATIC_NODES",
  ]);
});

containerTest(
  "what features says is enabled is not refused by create, and the reverse",
  (stage) => {
    const { linux, hooks } = JSON.parse(stage.ocirt(["features"]).stdout);
    const seccomp = stage.container((config) => {
      config.linux["seccomp"] = { defaultAction: "SCMP_ACT_ALLOW" };
    });
    assertEquals(seccomp.run().code === 0, linux.seccomp.enabled);
    const hook = stage.container((config) => {
      config["hooks"] = { poststop: [{ path: "/bin/true" }] };
    });
    assertEquals(hook.run().code === 0, hooks.includes("poststop"));
    const idmap = stage.container((config) => {
      const map = [{ containerID: 0, hostID: 1, size: 1 }];
      const mappings = { uidMappings: map, gidMappings: map };
      const mount = { destination: "/tmp", source: stage.dir, options: ["bind"] };
      config.mounts.push({ ...mount, ...mappings });
    });
    assertEquals(idmap.run().code === 0, linux.mountExtensions.idmap.enabled);
  },
);
