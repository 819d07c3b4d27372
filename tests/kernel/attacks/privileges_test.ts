/** Powers that a process of a container gets though nobody has given them to it. */
import { assert, assertEquals } from "@std/assert";
import { exec, execSh, sleeper } from "tests/support/running.ts";
import { containerTest } from "tests/support/stage.ts";

const NONE = "0000000000000000";
const INHERITABLE = "awk '/CapInh/ { print $2 }' /proc/self/status";

containerTest(
  "CVE-2022-24769, CVE-2022-29162: nothing is inheritable that nobody has listed",
  (stage) => {
    assertEquals(stage.sh(INHERITABLE), `${NONE}\n`);
    const c = sleeper(stage);
    assertEquals(execSh(stage, c, INHERITABLE, "--cap", "CAP_NET_RAW"), `${NONE}\n`);
    assertEquals(execSh(stage, c, INHERITABLE), `${NONE}\n`);
  },
);

containerTest(
  "CVE-2023-25809: without a cgroup namespace the host's cgroups cannot be written to, in a user namespace either",
  (stage) => {
    // Root of the user namespace owns what root of the host does.
    const map = [{ containerID: 0, hostID: 0, size: 65_536 }];
    const script = "for d in /sys/fs/cgroup /sys/fs/cgroup/*; do " +
      "mkdir $d/ocirt-test-attack 2>/dev/null && echo made $d && rmdir $d/ocirt-test-attack; done; true";
    const seen = stage.sh(script, (config) => {
      config.linux.namespaces = config.linux.namespaces.filter(({ type }) =>
        type !== "cgroup" && type !== "network"
      );
      config.linux.namespaces.push({ type: "user" });
      Object.assign(config.linux, { uidMappings: map, gidMappings: map });
      config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith("/sys"));
      config.mounts.push(
        { destination: "/sys", type: "bind", source: "/sys", options: ["rbind", "ro"] },
        {
          destination: "/sys/fs/cgroup",
          type: "cgroup",
          source: "cgroup",
          options: ["nosuid", "noexec", "nodev", "ro"],
        },
      );
    });
    assertEquals(seen, "");
  },
);

containerTest("CVE-2016-3697: the user is a number, whoever the image calls by it", (stage) => {
  const passwd = "1000:x:0:0:root:/root:/bin/sh\nroot:x:0:0:root:/root:/bin/sh\n";
  Deno.writeTextFileSync(`${stage.rootfs}/etc/passwd`, passwd);
  const user = { uid: 1000, gid: 1000 };
  assertEquals(stage.sh("id -u", (config) => config.process.user = user), "1000\n");
  assertEquals(execSh(stage, sleeper(stage), "id -u", "--user", "1000"), "1000\n");
});

containerTest(
  "CVE-2026-30892: a user that is half a number is refused, and is not root",
  (stage) => {
    const c = sleeper(stage);
    for (
      const user of ["1000:", ":1000", "1000:users", "1000:1000:0", "-1", "1e3", "root", "0x0"]
    ) {
      const { code, stdout } = exec(stage, c, { flags: ["--user", user], args: ["id", "-u"] });
      assert(code === 255 && stdout === "", `${JSON.stringify(user)}: ${code} ${stdout}`);
    }
  },
);

containerTest("CVE-2021-43784: a path that holds a NUL is refused, not cut short", (stage) => {
  const c = stage.container((config) => {
    config.process.args = ["echo", "ran"];
    for (const namespace of config.linux.namespaces) {
      if (namespace.type === "ipc") namespace.path = "/proc/self/ns/ipc\0/x";
    }
  });
  const { code, stdout } = c.run();
  assertEquals([code, stdout], [1, ""]);
});
