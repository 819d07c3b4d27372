import { assertEquals } from "@std/assert";
import { parseLayout } from "runtime/cgroups/hierarchies.ts";

const HYBRID_MOUNTS = `
23 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
36 31 0:33 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd
41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate
`;

Deno.test("a hybrid host has its version 1 trees, named ones too, and the version 2 tree", () => {
  const layout = parseLayout(
    HYBRID_MOUNTS,
    "9:name=systemd:/\n4:memory:/a/b\n1:cpu,cpuacct:/\n0::/s\n",
  );
  assertEquals(layout.kind, "hybrid");
  const mountpoints = layout.hierarchies.map(({ mountpoint, own }) => `${mountpoint} ${own}`);
  assertEquals(mountpoints, [
    "/sys/fs/cgroup/systemd /",
    "/sys/fs/cgroup/memory /a/b",
    "/sys/fs/cgroup/cpu,cpuacct /",
    "/sys/fs/cgroup/unified /s",
  ]);
  assertEquals(layout.hierarchies.map(({ version }) => version), [1, 1, 1, 2]);
  assertEquals(layout.hierarchies[2]?.controllers, ["cpu", "cpuacct"]);
});

Deno.test("a version 1 tree that is not mounted is left out", () => {
  const layout = parseLayout(HYBRID_MOUNTS, "5:pids:/\n4:memory:/\n");
  assertEquals(layout.kind, "v1");
  assertEquals(layout.hierarchies.map(({ controllers }) => controllers), [["memory"]]);
});

Deno.test("a unified host has one tree", () => {
  const mounts = "29 23 0:26 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
  assertEquals(parseLayout(mounts, "0::/user.slice/x.scope\n"), {
    kind: "v2",
    hierarchies: [{
      version: 2,
      controllers: [],
      mountpoint: "/sys/fs/cgroup",
      root: "/",
      own: "/user.slice/x.scope",
    }],
  });
});

Deno.test("a tree that is mounted twice is taken where this process's own cgroup is seen", () => {
  const mounts = [
    "50 23 0:33 /other /mnt/other rw - cgroup cgroup rw,memory",
    "51 23 0:33 /docker/x /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory",
  ].join("\n");
  const [hierarchy] = parseLayout(mounts, "4:memory:/docker/x\n").hierarchies;
  assertEquals([hierarchy?.mountpoint, hierarchy?.root], ["/sys/fs/cgroup/memory", "/docker/x"]);
});

Deno.test("blanks in mountpoints and colons in cgroup names are read as they are", () => {
  const mounts = "29 23 0:26 / /my\\040cg rw - cgroup2 cgroup2 rw\n";
  const [hierarchy] = parseLayout(mounts, "0::/a:b\n").hierarchies;
  assertEquals([hierarchy?.mountpoint, hierarchy?.own], ["/my cg", "/a:b"]);
});

Deno.test("a host without mounted trees has none", () => {
  assertEquals(parseLayout("23 1 254:0 / / rw - ext4 /dev/vda rw\n", "0::/\n").kind, "none");
});
