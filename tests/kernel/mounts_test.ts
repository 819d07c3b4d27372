import { assert, assertEquals, assertMatch } from "@std/assert";
import { hostLayout } from "runtime/cgroups/host_layout.ts";
import type { TestMount } from "tests/support/bundle.ts";
import { messageOf, runProgram } from "tests/support/ocirt.ts";
import { containerTest, type Stage } from "tests/support/stage.ts";

/** The line of mountinfo of a mount point inside, without ids: root, options, propagation, type, super options. */
function mountAt(stage: Stage, mount: TestMount, path = mount.destination): string {
  const text = stage.sh("cat /proc/self/mountinfo", (config) => void config.mounts.push(mount));
  const line = text.split("\n").filter((line) => line.split(" ")[4] === path).at(-1);
  assert(line !== undefined, `${path} is a mount:\n${text}`);
  return line.split(" ").slice(3).join(" ");
}

function failureOf(stage: Stage, mount: TestMount): string {
  const c = stage.container((config) => void config.mounts.push(mount));
  const result = c.launch("create");
  assertEquals([result.code, result.stdout], [1, ""]);
  return messageOf(result);
}

containerTest("the default mounts are there, with their options", (stage) => {
  const text = stage.sh("cat /proc/self/mountinfo");
  const shown = text.trimEnd().split("\n").map((line) => line.split(" "))
    .map((words) => [words[4], words[5], words[words.indexOf("-") + 1]].join(" "));
  for (
    const line of [
      "/proc rw,relatime proc",
      "/dev rw,nosuid tmpfs",
      "/dev/pts rw,nosuid,noexec,relatime devpts",
      "/dev/shm rw,nosuid,nodev,noexec,relatime tmpfs",
      "/dev/mqueue rw,nosuid,nodev,noexec,relatime mqueue",
      "/sys ro,nosuid,nodev,noexec,relatime sysfs",
    ]
  ) {
    assert(shown.includes(line), `${line} is in\n${shown.join("\n")}`);
  }
});

containerTest("a tmpfs takes its options, and its mount point is made", (stage) => {
  const line = mountAt(stage, {
    destination: "/var/new/tmp",
    type: "tmpfs",
    source: "mine",
    options: ["nosuid", "nodev", "noexec", "noatime", "size=1m", "mode=700", "uid=5"],
  });
  assertMatch(line, /^\/ \/var\/new\/tmp rw,nosuid,nodev,noexec,noatime - tmpfs mine /);
  assertMatch(line, /size=1024k/);
  assertMatch(line, /mode=700,uid=5/);
});

containerTest(
  "of access times that exclude each other the strict one wins, as mount(2) has it",
  (stage) => {
    const options = ["noatime", "strictatime"];
    const line = mountAt(stage, { destination: "/tmp", type: "tmpfs", source: "x", options });
    assertMatch(line, /^\/ \/tmp rw - tmpfs/);
  },
);

containerTest("a read-only tmpfs is read-only, yet can hold later mount points", (stage) => {
  const source = `${stage.dir}/source`;
  Deno.writeTextFileSync(source, "text");
  const seen = stage.sh("cat /tmp/a/b; touch /tmp/c 2>&1 || true", (config) => {
    config.mounts.push(
      { destination: "/tmp", type: "tmpfs", source: "tmpfs", options: ["ro"] },
      { destination: "/tmp/a/b", type: "bind", source, options: ["bind"] },
    );
  });
  assertMatch(seen, /^texttouch: .*Read-only file system/);
});

containerTest("a file and a folder are bind-mounted, from the bundle when relative", (stage) => {
  Deno.mkdirSync(`${stage.dir}/c1/data`, { recursive: true });
  Deno.removeSync(`${stage.dir}/c1`, { recursive: true });
  const c = stage.container((config) => {
    config.process.args = ["sh", "-c", "cat /data/x /etc/one"];
    config.mounts.push(
      { destination: "/data", type: "none", source: "data", options: ["rbind"] },
      { destination: "/etc/one", type: "bind", source: "data/x", options: ["bind", "ro"] },
    );
  });
  Deno.mkdirSync(`${c.bundle}/data`);
  Deno.writeTextFileSync(`${c.bundle}/data/x`, "x");
  assertEquals(c.run(), { code: 0, stdout: "xx", stderr: "" });
});

containerTest("flags of a bind mount apply to it, and only what is written clears one", (stage) => {
  const source = `${stage.dir}/source`;
  Deno.mkdirSync(source);
  const options = (...words: string[]): string =>
    mountAt(stage, { destination: "/tmp", type: "bind", source, options: ["bind", ...words] })
      .split(" ")[2] ?? "";
  assertMatch(options("ro", "nosuid", "nodev", "noexec"), /^ro,nosuid,nodev,noexec/);
  assertMatch(options(), /^rw/);
  assertMatch(options("noatime"), /noatime/);
  assertMatch(options("nosymfollow"), /nosymfollow/);
});

containerTest(
  "rro makes the whole tree below a bind mount read-only, ro its top alone",
  (stage) => {
    const source = `${stage.dir}/source`;
    Deno.mkdirSync(`${source}/sub`, { recursive: true });
    assertEquals(runProgram(["mount", "-t", "tmpfs", "tmpfs", `${source}/sub`]).code, 0);
    try {
      const script = "touch /tmp/x 2>/dev/null; echo $?; touch /tmp/sub/x 2>/dev/null; echo $?";
      const seen = (option: string): string =>
        stage.sh(script, (config) => {
          const options = ["rbind", option];
          config.mounts.push({ destination: "/tmp", type: "bind", source, options });
        });
      assertEquals(seen("ro"), "1\n0\n");
      assertEquals(seen("rro"), "1\n1\n");
    } finally {
      runProgram(["umount", `${source}/sub`]);
    }
  },
);

containerTest("remount changes what an earlier entry has mounted", (stage) => {
  const script = "touch /tmp/x 2>/dev/null; echo $?";
  const seen = stage.sh(script, (config) => {
    config.mounts.push(
      { destination: "/tmp", type: "tmpfs", source: "tmpfs" },
      { destination: "/tmp", type: "tmpfs", source: "tmpfs", options: ["remount", "ro"] },
    );
  });
  assertEquals(seen, "1\n");
});

containerTest("the propagation of a mount is what its option says", (stage) => {
  const of = (word: string): string =>
    mountAt(stage, { destination: "/tmp", type: "tmpfs", source: "tmpfs", options: [word] })
      .split(" - ")[0]?.split(" ").slice(3).join(" ").replace(/\d+/g, "N") ?? "";
  assertEquals(of("rprivate"), "");
  assertEquals(of("shared"), "shared:N");
  assertEquals(of("unbindable"), "unbindable");
});

containerTest("mounts are made in the order of the list", (stage) => {
  const seen = stage.sh("ls /tmp; ls /tmp/a", (config) => {
    config.mounts.push(
      { destination: "/tmp/hidden", type: "tmpfs", source: "tmpfs" },
      { destination: "/tmp", type: "tmpfs", source: "tmpfs" },
      { destination: "/tmp/a/b", type: "tmpfs", source: "tmpfs" },
    );
  });
  assertEquals(seen, "a\nb\n");
});

containerTest("options that are no flags go to the file system as data", (stage) => {
  assertMatch(
    failureOf(stage, { destination: "/tmp", type: "tmpfs", source: "x", options: ["nonsense=1"] }),
    /error mounting "x" to rootfs at "\/tmp" \(\/mounts\/7\): EINVAL \(invalid argument\); hint: the file system does not know one of the mount's options/,
  );
});

containerTest("a source that is not there and a type that is none are named", (stage) => {
  assertMatch(
    failureOf(stage, { destination: "/tmp", type: "bind", source: "/none", options: ["bind"] }),
    /^ocirt create failed: unable to start container process: error during container init: error mounting "\/none" to rootfs at "\/tmp" \(\/mounts\/7\): ENOENT \(no such file or directory\); hint: is the source "\/none" there\?/,
  );
  assertMatch(
    failureOf(stage, { destination: "/tmp", type: "moonfs", source: "x" }),
    /error mounting "x" to rootfs at "\/tmp" \(\/mounts\/7\): ENODEV \(no such device\); hint: .*"moonfs"/,
  );
});

containerTest("a label is refused where there is no SELinux to know it", (stage) => {
  const c = stage.container((config) => config.linux["mountLabel"] = "u:r:t:s0");
  if (Deno.readTextFileSync("/proc/filesystems").includes("selinuxfs")) return;
  assertMatch(
    messageOf(c.launch("create")),
    /error mounting "tmpfs" to rootfs at "\/dev" .*: EINVAL \(invalid argument\); hint: the label of \/linux\/mountLabel needs SELinux/,
  );
});

containerTest("nothing but procfs may be mounted on /proc, and little inside it", (stage) => {
  for (
    const [mount, words] of [
      [{ destination: "/proc", type: "tmpfs", source: "x" }, "because it is not of type proc"],
      [{ destination: "/proc/sys", type: "tmpfs", source: "x" }, "because it is inside /proc"],
      [
        { destination: "/proc/self/attr", type: "bind", source: "/tmp", options: ["bind"] },
        "because it is inside /proc",
      ],
      [
        { destination: "/proc", type: "bind", source: "/tmp", options: ["bind"] },
        "because it is not of type proc",
      ],
    ] as [TestMount, string][]
  ) {
    const message = failureOf(stage, mount);
    assert(message.includes(`"${mount.destination}" cannot be mounted ${words}`), message);
  }
});

containerTest("a file of /proc that may be replaced is replaced", (stage) => {
  const source = `${stage.dir}/uptime`;
  Deno.writeTextFileSync(source, "1 2\n");
  const seen = stage.sh("cat /proc/uptime", (config) => {
    config.mounts.push({ destination: "/proc/uptime", type: "bind", source, options: ["bind"] });
  });
  assertEquals(seen, "1 2\n");
});

containerTest("a mount point may be made in the folder of read-only version 1 cgroups", (stage) => {
  if (hostLayout().hierarchies.every(({ version }) => version === 2)) return;
  const seen = stage.sh(
    "echo text > /sys/fs/cgroup/more/file && cat /sys/fs/cgroup/more/file; mkdir /sys/fs/cgroup/x 2>/dev/null || echo no",
    (config) =>
      void config.mounts.push({
        destination: "/sys/fs/cgroup/more",
        type: "tmpfs",
        source: "tmpfs",
      }),
  );
  assertEquals(seen, "text\nno\n");
});

containerTest("the container sees its own cgroup alone", (stage) => {
  const seen = stage.sh(
    "cd /sys/fs/cgroup; cat */cgroup.procs cgroup.procs 2>/dev/null | sort -u | grep -c .",
  );
  assert(Number(seen) > 0 && Number(seen) < 8, seen);
  const result = stage.container((config) => {
    config.process.args = ["sh", "-c", "mkdir /sys/fs/cgroup/x || mkdir /sys/fs/cgroup/*/x"];
  }).run();
  assertEquals(result.code, 1);
  assertMatch(result.stderr, /Read-only file system/);
});
