import { assertEquals, assertMatch } from "@std/assert";
import { hostLayout } from "runtime/cgroups/host_layout.ts";
import { checkKnob, controllerPlace, type Knob } from "tests/support/limit_files.ts";
import { messageOf, OCIRT, runProgram } from "tests/support/ocirt.ts";
import { type Container, containerTest, type Stage } from "tests/support/stage.ts";

const MIB = 2 ** 20;

/** A created container with these limits. */
function limited(stage: Stage, resources: object): Container {
  return stage.container((config) => config.linux["resources"] = resources).create();
}

/** Sets limits, looks at the kernel's files, and takes the container away. */
function check(stage: Stage, resources: object, ...knobs: readonly Knob[]): void {
  const container = limited(stage, resources);
  for (const knob of knobs) checkKnob(stage, container, knob);
  assertEquals(container.do("delete", "--force").code, 0);
}

containerTest("memory limits are in force", (stage) => {
  check(
    stage,
    { memory: { limit: 32 * MIB, reservation: 16 * MIB, swap: 48 * MIB } },
    {
      v1: ["memory/memory.limit_in_bytes", String(32 * MIB)],
      v2: ["memory/memory.max", String(32 * MIB)],
    },
    {
      v1: ["memory/memory.soft_limit_in_bytes", String(16 * MIB)],
      v2: ["memory/memory.low", String(16 * MIB)],
    },
    {
      v1: ["memory/memory.memsw.limit_in_bytes", String(48 * MIB)],
      v2: ["memory/memory.swap.max", String(16 * MIB)],
    },
  );
}, "cgroup:memory");

containerTest("swappiness is set, and the kernel told not to kill", (stage) => {
  const oom = "oom_kill_disable 1\nunder_oom 0\noom_kill 0";
  check(
    stage,
    { memory: { limit: 32 * MIB, swappiness: 7, disableOOMKiller: true } },
    { v1: ["memory/memory.swappiness", "7"] },
    { v1: ["memory/memory.oom_control", oom] },
  );
}, "cgroup1:memory");

containerTest("limits of CPU time are in force", (stage) => {
  check(
    stage,
    { cpu: { shares: 512, quota: 50_000, period: 200_000, burst: 3000 } },
    { v1: ["cpu/cpu.shares", "512"], v2: ["cpu/cpu.weight", "59"] },
    { v1: ["cpu/cpu.cfs_quota_us", "50000"], v2: ["cpu/cpu.max", "50000 200000"] },
    { v1: ["cpu/cpu.cfs_period_us", "200000"] },
    { v1: ["cpu/cpu.cfs_burst_us", "3000"], v2: ["cpu/cpu.max.burst", "3000"] },
  );
  check(stage, { cpu: { idle: 1 } }, {
    v1: ["cpu/cpu.idle", "1"],
    v2: ["cpu/cpu.idle", "1"],
  });
  check(stage, { cpu: { period: 50_000 } }, {
    v1: ["cpu/cpu.cfs_period_us", "50000"],
    v2: ["cpu/cpu.max", "max 50000"],
  });
}, "cgroup:cpu");

containerTest("realtime CPU time is there before a process is", (stage) => {
  const parent = `${controllerPlace("cpu")?.root}${stage.cgroup}`;
  Deno.mkdirSync(parent);
  Deno.writeTextFileSync(`${parent}/cpu.rt_runtime_us`, "100000");
  check(
    stage,
    { cpu: { realtimePeriod: 500_000, realtimeRuntime: 5000 } },
    { v1: ["cpu/cpu.rt_period_us", "500000"] },
    { v1: ["cpu/cpu.rt_runtime_us", "5000"] },
  );
}, "realtime groups");

containerTest("a container gets the CPUs and memory nodes of its cpuset", (stage) => {
  const c = limited(stage, { cpu: { cpus: "0", mems: "0" } });
  for (const name of ["cpuset.cpus", "cpuset.mems"] as const) {
    checkKnob(stage, c, { v1: [`cpuset/${name}`, "0"], v2: [`cpuset/${name}`, "0"] });
  }
  const status = Deno.readTextFileSync(`/proc/${c.state().pid}/status`);
  assertMatch(status, /^Cpus_allowed_list:\t0$/m);
}, "cgroup:cpuset");

containerTest("the number of processes is limited: 0 means 1, and -1 no limit", (stage) => {
  for (const [limit, text] of [[7, "7"], [0, "1"], [-1, "max"]] as const) {
    check(stage, { pids: { limit } }, { v1: ["pids/pids.max", text], v2: ["pids/pids.max", text] });
  }
}, "cgroup:pids");

containerTest("huge pages are limited in whichever tree has them", (stage) => {
  const hugepageLimits = [{ pageSize: "2MB", limit: 4 * MIB }];
  const text = String(4 * MIB);
  check(
    stage,
    { hugepageLimits },
    { v1: ["hugetlb/hugetlb.2MB.limit_in_bytes", text], v2: ["hugetlb/hugetlb.2MB.max", text] },
    {
      v1: ["hugetlb/hugetlb.2MB.rsvd.limit_in_bytes", text],
      v2: ["hugetlb/hugetlb.2MB.rsvd.max", text],
    },
  );
}, "cgroup:hugetlb");

containerTest("RDMA is limited by device, and one that is not there is told", (stage) => {
  const device = rdmaDevice();
  const resources = (name: string): object => ({ rdma: { [name]: { hcaHandles: 3 } } });
  if (device !== null) {
    const text = `${device} hca_handle=3 hca_object=max`;
    check(stage, resources(device), { v1: ["rdma/rdma.max", text], v2: ["rdma/rdma.max", text] });
  }
  const c = stage.container((config) => config.linux["resources"] = resources("none0"));
  assertMatch(
    messageOf(c.launch("create")),
    /Cannot write "none0 hca_handle=3" to ".*\/rdma.max" \(\/linux\/resources\/rdma\/none0\): ENODEV/,
  );
  assertEquals(stage.cgroups(), []);
}, "cgroup:rdma");

function rdmaDevice(): string | null {
  try {
    return Array.from(Deno.readDirSync("/sys/class/infiniband"), ({ name }) => name)[0] ?? null;
  } catch {
    return null;
  }
}

containerTest("unified is for hosts where version 2 is alone", (stage) => {
  const unified = { "memory.max": String(16 * MIB), "memory.min": "131072", "pids.max": "42" };
  const resources = { memory: { limit: 32 * MIB }, unified };
  if (hostLayout().kind === "v2") {
    return check(
      stage,
      resources,
      { v2: ["memory/memory.max", String(16 * MIB)] },
      { v2: ["memory/memory.min", "131072"] },
      { v2: ["pids/pids.max", "42"] },
    );
  }
  const c = stage.container((config) => config.linux["resources"] = resources);
  assertMatch(messageOf(c.launch("create")), /\/linux\/resources\/unified: invalid configuration/);
});

containerTest("a limit of zero is none, as Docker 20.10 sends it", (stage) => {
  check(
    stage,
    { memory: { limit: 0, swap: 0, reservation: 0, kernel: 0 }, cpu: { shares: 0, quota: 0 } },
    { v1: ["cpu/cpu.shares", "1024"], v2: ["cpu/cpu.weight", "100"] },
    ...hostLayout().kind === "v2" ? [{ v2: ["memory/memory.max", "max"] } as const] : [],
  );
});

containerTest(
  "a limit that cannot be set is named with file and value, and nothing is left",
  (stage) => {
    const isV1 = controllerPlace("cpu")?.version === 1;
    const memory = controllerPlace("memory") === null ? {} : { memory: { limit: 32 * MIB } };
    const table = [
      [
        { ...memory, cpu: { quota: 10 } },
        isV1
          ? /Cannot write "10" to ".*\/cpu.cfs_quota_us" \(\/linux\/resources\/cpu\/quota\): EINVAL/
          : /Cannot write "10 100000" to ".*\/cpu.max" \(\/linux\/resources\/cpu\/quota\): EINVAL/,
      ],
      [
        isV1 ? { cpu: { shares: 1 } } : { memory: { limit: 8 * MIB, swap: 4 * MIB } },
        /the minimum allowed cpu-shares is 2|memory\+swap limit should be >= memory limit/,
      ],
    ] as const;
    for (const [resources, message] of table) {
      const c = stage.container((config) => config.linux["resources"] = resources);
      const result = c.launch("create");
      assertEquals(result.code, 1);
      assertMatch(messageOf(result), message);
      assertEquals(stage.cgroups(), []);
      assertEquals(c.do("state").code, 1);
    }
  },
);

containerTest("explain shows each write to a cgroup, and what this host cannot limit", (stage) => {
  const c = stage.container((config) =>
    config.linux["resources"] = { pids: { limit: 5 }, network: { classID: 3 } }
  );
  const { stdout } = stage.ocirt(["explain", "--bundle", c.bundle]);
  assertMatch(stdout, /- write "5" to ".*\/pids\.max" {2}\[\/linux\/resources\/pids\/limit\]/);
  const refused = /\/linux\/resources\/network\/classID: .*, so create refuses it/;
  assertEquals(refused.test(stdout), controllerPlace("net_cls") === null, stdout);
});

containerTest("a container that dies of its memory limit before it is ready says so", (stage) => {
  const c = stage.container((config) =>
    config.linux["resources"] = { memory: { limit: 4096, swap: 4096 } }
  );
  assertMatch(
    messageOf(c.launch("create")),
    /container init was OOM-killed \(memory limit too low\?\)|Cannot write .*: EBUSY/,
  );
  assertEquals(stage.cgroups(), []);
}, "cgroup:memory");

containerTest("who may write to no cgroup gets no container without its limits", (stage) => {
  const root = `${stage.dir}/ordinary`;
  Deno.mkdirSync(root);
  Deno.chownSync(root, 65_534, 65_534);
  const drop = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"];
  const failure = (cgroupsPath: string, resources: object): string => {
    const { bundle } = stage.container((config) => {
      config.linux["cgroupsPath"] = cgroupsPath;
      config.linux["resources"] = resources;
      config.linux.namespaces.push({ type: "user" });
      config.linux["uidMappings"] = [{ containerID: 0, hostID: 65_534, size: 1 }];
      config.linux["gidMappings"] = [{ containerID: 0, hostID: 65_534, size: 1 }];
    });
    const id = stage.cgroup.slice(1);
    const words = [OCIRT, "--root", root, "create", "--bundle", bundle, id];
    return messageOf(runProgram([...drop, ...words]));
  };
  assertMatch(
    failure(stage.cgroup, {}),
    /Cannot create cgroup .*unable to apply cgroup configuration.*permission denied/,
  );
  assertMatch(
    failure("", { pids: { limit: 5 } }),
    /cannot set pids limit: container could not join or create cgroup|rootless needs no limits/,
  );
}, "setpriv");
