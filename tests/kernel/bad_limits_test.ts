import { assert, assertEquals, assertMatch } from "@std/assert";
import { hostLayout } from "runtime/cgroups/host_layout.ts";
import { controllerPlace, readText } from "tests/support/limit_files.ts";
import { messageOf, OCIRT, runProgram } from "tests/support/ocirt.ts";
import { sleeper } from "tests/support/running.ts";
import { containerTest, type Stage } from "tests/support/stage.ts";

const MIB = 2 ** 20;

/** What create says of limits that it does not take; nothing is left of the container. */
function refusal(stage: Stage, resources: object): string {
  const c = stage.container((config) => config.linux["resources"] = resources);
  const result = c.launch("create");
  assertEquals(result.code, 1, result.stderr);
  assertEquals(stage.cgroups(), []);
  assertEquals(c.do("state").code, 1);
  return messageOf(result);
}

containerTest("a limit below what is in use is told with file, value and errno", (stage) => {
  const c = stage.container((config) => {
    config.process.args = ["sh", "-c", "x=$(dd if=/dev/zero bs=1M count=8 | tr '\\0' x); sleep 99"];
    config.linux["resources"] = { memory: { limit: 64 * MIB } };
  }).create().start();
  const dir = controllerPlace("memory")?.dirOf(stage, c);
  const usage = (): number => Number(readText(`${dir}/memory.usage_in_bytes`));
  const end = performance.now() + 60_000;
  while (usage() < 8 * MIB) assert(performance.now() < end, String(usage()));
  assertMatch(
    messageOf(c.do("update", "--memory", "4096")),
    /^Cannot write "4096" to ".*\/memory.limit_in_bytes" \(\/memory\/limit\): EBUSY/,
  );
  assertEquals(readText(`${dir}/memory.limit_in_bytes`), `${64 * MIB}\n`);
}, "cgroup1:memory");

containerTest(
  "values that are out of range are named, before or by the kernel",
  (stage) => {
    const table = [
      [
        { cpu: { quota: 10 } },
        /cpu\.(cfs_quota_us|max)" \(\/linux\/resources\/cpu\/quota\): EINVAL/,
      ],
      [{ cpu: { cpus: "99999" } }, /cpuset\.cpus" \(\/linux\/resources\/cpu\/cpus\): E\w+/],
      [{ cpu: { mems: "x" } }, /cpuset\.mems" \(\/linux\/resources\/cpu\/mems\): E\w+/],
      [{ cpu: { idle: 7 } }, /cpu\.idle" \(\/linux\/resources\/cpu\/idle\): EINVAL/],
      [{ pids: { limit: 2 ** 40 } }, /pids\.max" \(\/linux\/resources\/pids\/limit\): EINVAL/],
      [{ memory: { swappiness: 101 } }, /\/linux\/resources\/memory\/swappiness/],
      [{ blockIO: { weight: 70_000 } }, /\/linux\/resources\/blockIO\/weight/],
      [
        { hugepageLimits: [{ pageSize: "3XB", limit: 1 }] },
        /\/linux\/resources\/hugepageLimits\/0/,
      ],
    ] as const;
    for (const [resources, message] of table) assertMatch(refusal(stage, resources), message);
  },
  "cgroup:cpu",
  "cgroup:cpuset",
  "cgroup:pids",
);

containerTest("an unknown controller and an unknown file are named", (stage) => {
  const isAlone = hostLayout().kind === "v2";
  assertMatch(
    refusal(stage, { unified: { "nosuch.max": "1" } }),
    isAlone
      ? /unified resource "nosuch.max" can't be set: controller "nosuch" not available/
      : /\/linux\/resources\/unified: invalid configuration/,
  );
  if (!isAlone) return;
  assertMatch(
    refusal(stage, { unified: { "memory.nosuch": "1" } }),
    /Cannot write "1" to ".*\/memory.nosuch" \(\/linux\/resources\/unified\/memory.nosuch\): ENOENT/,
  );
}, "cgroup2");

containerTest("a cgroupsPath leads nowhere but down from the root", (stage) => {
  const c = sleeper(stage, (config) => {
    config.linux["cgroupsPath"] = `/../..${stage.cgroup}/up/../c1`;
  });
  const { hierarchies } = hostLayout();
  for (const { mountpoint } of hierarchies) {
    assert(readText(`${mountpoint}${stage.cgroup}/c1/cgroup.procs`)?.includes(`${c.state().pid}`));
  }
});

containerTest("cgroups that cannot be written to are told, and nothing is left", (stage) => {
  const c = stage.container();
  const { mountpoint = "" } = hostLayout().hierarchies[0] ?? {};
  const words = [OCIRT, "--root", stage.root, "create", "--bundle", c.bundle, c.id];
  const script = ["sh", "-ec", `mount -o remount,bind,ro ${mountpoint}; exec "$@"`, "sh"];
  const hidden = ["unshare", "-m", "--propagation", "private", ...script];
  const result = runProgram([...hidden, ...words]);
  assertEquals(result.code, 1);
  assertMatch(messageOf(result), /Cannot create cgroup .*: EROFS \(Read-only file system\)/);
  assert(messageOf(result).includes(mountpoint));
  assertEquals(stage.cgroups(), []);
  assertEquals(c.do("state").code, 1);
});

containerTest(
  "a cgroup that does not empty is told with who is inside, and removed later",
  (stage) => {
    const c = stage.container((config) => {
      config.process.args = ["sh", "-c", "sleep 1000 & sleep 1000"];
      config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== "pid");
    }).create().start();
    const { pid } = c.state();
    const freezer = controllerPlace("freezer");
    const dir = freezer?.dirOf(stage, c) ?? "";
    const inside = (): string[] => (readText(`${dir}/cgroup.procs`) ?? "").trim().split("\n");
    const end = performance.now() + 20_000;
    while (inside().length < 2) assert(performance.now() < end, inside().join());
    Deno.kill(pid, "SIGKILL");
    while (inside().includes(String(pid))) assert(performance.now() < end, inside().join());
    const parent = `${freezer?.root}${stage.cgroup}/freezer.state`;
    Deno.writeTextFileSync(parent, "FROZEN");
    const stuck = inside();
    try {
      const message = messageOf(c.do("delete"));
      assertMatch(message, /^Cannot (remove cgroup .*: EBUSY|kill) .*process\(es\) /);
      for (const process of stuck) assert(message.includes(process), message);
    } finally {
      Deno.writeTextFileSync(parent, "THAWED");
    }
    assertEquals(c.do("delete").code, 0);
    assertEquals(stage.cgroups(), []);
  },
  "cgroup1:freezer",
);
