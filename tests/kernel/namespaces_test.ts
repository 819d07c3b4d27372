import { assert, assertEquals, assertMatch } from "@std/assert";
import { messageOf } from "tests/support/ocirt.ts";
import { containerTest, type Stage } from "tests/support/stage.ts";

const FILES = ["pid", "net", "ipc", "uts", "mnt", "cgroup", "time", "user"] as const;

function ofProcess(pid: number | "self"): Record<string, string> {
  return Object.fromEntries(
    FILES.map((name) => [name, Deno.readLinkSync(`/proc/${pid}/ns/${name}`)]),
  );
}

/** Which namespaces of a container are not the host's. */
function newOnes(stage: Stage, types: readonly string[]): string[] {
  const c = stage.container((config) => {
    config.linux.namespaces = types.map((type) => ({ type }));
    if (!types.includes("uts")) delete config["hostname"];
    if (!types.includes("network")) {
      config.mounts = config.mounts.filter(({ type }) => type !== "sysfs");
    }
  }).create();
  const [own, host] = [ofProcess(c.state().pid), ofProcess("self")];
  return FILES.filter((name) => own[name] !== host[name]);
}

containerTest("namespaces that are asked for are new, the others are the host's", (stage) => {
  assertEquals(newOnes(stage, ["pid", "network", "ipc", "uts", "mount"]), [
    "pid",
    "net",
    "ipc",
    "uts",
    "mnt",
  ]);
  assertEquals(newOnes(stage, ["mount"]), ["mnt"]);
  assertEquals(newOnes(stage, ["mount", "cgroup"]), ["mnt", "cgroup"]);
  assertEquals(newOnes(stage, ["mount", "uts", "ipc"]), ["ipc", "uts", "mnt"]);
});

containerTest("the program is pid 1 of a new pid namespace, and sees no other process", (stage) => {
  assertEquals(stage.sh("echo $$ /proc/[0-9]*"), "1 /proc/1\n");
});

containerTest("a new network namespace has lo, up, and nothing else", (stage) => {
  const script = "ls /sys/class/net; cat /sys/class/net/lo/flags; ping -c1 -W1 127.0.0.1 >&2";
  const shown = stage.sh(script.replace(/; ping.*/, ""));
  assertMatch(shown, /^lo\n(?:[a-z0-9_]+\n)*0x9\n$/);
});

containerTest("host name and domain name are the container's own", (stage) => {
  const own = stage.sh("hostname; cat /proc/sys/kernel/domainname", (config) => {
    config["hostname"] = "inside";
    config["domainname"] = "example.org";
  });
  assertEquals(own, "inside\nexample.org\n");
  assert(Deno.hostname() !== "inside");
});

containerTest("a cgroup namespace shows the container's cgroup as the root", (stage) => {
  const seen = stage.sh("cut -d: -f3 /proc/self/cgroup | sort -u", (config) => {
    config.linux.namespaces.push({ type: "cgroup" });
  });
  assertEquals(seen, "/\n");
});

containerTest("a time namespace has the offsets asked for", (stage) => {
  const host = Number(Deno.readTextFileSync("/proc/uptime").split(" ")[0]);
  const uptime = stage.sh("cat /proc/uptime", (config) => {
    config.linux.namespaces.push({ type: "time" });
    config.linux["timeOffsets"] = {
      boottime: { secs: 1_000_000 },
      monotonic: { secs: 500, nanosecs: 5 },
    };
  });
  const ahead = Number(uptime.split(" ")[0]) - host;
  assert(ahead >= 1_000_000 && ahead < 1_000_060, `ahead by ${ahead} s`);
});

containerTest("a namespace is joined by its path", (stage) => {
  const first = stage.container((config) => config.process.args = ["sleep", "1000"]).create();
  const { pid } = first.state();
  const types = { network: "net", ipc: "ipc", uts: "uts", pid: "pid", cgroup: "cgroup" };
  const second = stage.container((config) => {
    delete config["hostname"];
    config.linux.namespaces = [
      { type: "mount" },
      ...Object.entries(types).map(([type, file]) => ({ type, path: `/proc/${pid}/ns/${file}` })),
    ];
  }).create();
  const [joined, theirs] = [ofProcess(second.state().pid), ofProcess(pid)];
  for (const file of Object.values(types)) assertEquals([file, joined[file]], [file, theirs[file]]);
  assert(joined["mnt"] !== theirs["mnt"]);
});

containerTest("a namespace file of another type is refused, and the step named", (stage) => {
  const c = stage.container((config) => {
    config.linux.namespaces = [
      { type: "mount" },
      { type: "ipc", path: "/proc/self/ns/net" },
      { type: "uts" },
    ];
  });
  const result = c.launch("create");
  assertEquals(result.code, 1);
  assertMatch(
    messageOf(result),
    /Cannot join ipc namespace.*EINVAL \(Invalid argument\); hint: the file is no ipc namespace/,
  );
});

containerTest("what is wrong with a namespace list is told by the place in the file", (stage) => {
  for (
    const [namespaces, words] of [
      [[{ type: "mount" }, { type: "mount" }], /\/linux\/namespaces\/1.*duplicate.*mount/i],
      [[{ type: "moon" }], /\/linux\/namespaces\/0\/type: "moon"/],
      [
        [{ type: "mount" }, { type: "ipc", path: "relative" }],
        /\/linux\/namespaces\/1: ".*\/relative" cannot be used: ENOENT/,
      ],
      [[{ type: "mount" }, { type: "ipc", path: "/none/ipc" }], /"\/none\/ipc".*ENOENT/],
    ] as const
  ) {
    const c = stage.container((config) => {
      config.linux.namespaces = [...namespaces];
      delete config["hostname"];
    });
    const result = c.launch("create");
    assertEquals(result.code, 1);
    assertMatch(messageOf(result), words);
  }
});

containerTest(
  "nobody in a shared pid namespace can look into an init that is still being made",
  (stage) => {
    const first = stage.container((config) => config.process.args = ["sleep", "1000"]).create()
      .start();
    const path = `/proc/${first.state().pid}/ns/pid`;
    const second = stage.container((config) => {
      config.linux.namespaces = config.linux.namespaces.map((it) =>
        it.type === "pid" ? { type: "pid", path } : it
      );
    }).create();
    // The files of a process that may not be traced belong to root, and are closed to everybody without power over the host's.
    const { pid } = second.state();
    const script =
      "cat /proc/[2-9]*/environ /proc/[2-9]*/maps 2>&1 | grep -c -i 'permission denied'";
    const looked = stage.ocirt(["exec", first.id, "sh", "-c", `ls -l /proc/2/fd/ 2>&1; ${script}`]);
    assertMatch(looked.stdout, /ermission denied/, `${pid}: ${looked.stdout}`);
    second.start();
  },
);
