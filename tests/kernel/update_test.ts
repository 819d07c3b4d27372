import { assert, assertEquals, assertMatch } from "@std/assert";
import { blockDevice, checkKnob, controllerPlace, type Knob } from "tests/support/limit_files.ts";
import { messageOf } from "tests/support/ocirt.ts";
import { execSh, sleeper } from "tests/support/running.ts";
import { type Container, containerTest, type Stage } from "tests/support/stage.ts";

const MIB = 2 ** 20;

const LIMITS = {
  memory: { limit: 32 * MIB, reservation: 24 * MIB },
  cpu: { shares: 100, quota: 500_000, period: 1_000_000 },
  pids: { limit: 20 },
};

function limited(stage: Stage, resources: object = LIMITS): Container {
  return sleeper(stage, (config) => config.linux["resources"] = resources);
}

/** Updates, which must work without a word, and looks at the kernel's files. */
function update(
  stage: Stage,
  container: Container,
  args: readonly string[],
  ...knobs: readonly Knob[]
): void {
  const result = container.do("update", ...args);
  assertEquals(result, { code: 0, stdout: "", stderr: "" }, args.join(" "));
  for (const knob of knobs) checkKnob(stage, container, knob);
}

/** The same by a text on standard input. */
function updateBy(stage: Stage, container: Container, resources: object, ...knobs: Knob[]): void {
  const stdin = JSON.stringify(resources);
  const result = stage.ocirt(["update", "--resources", "-", container.id], { stdin });
  assertEquals(result, { code: 0, stdout: "", stderr: "" }, stdin);
  for (const knob of knobs) checkKnob(stage, container, knob);
}

function memory(limit: number): Knob {
  return {
    v1: ["memory/memory.limit_in_bytes", String(limit)],
    v2: ["memory/memory.max", String(limit)],
  };
}

function swap(total: number, limit: number): Knob {
  return {
    v1: ["memory/memory.memsw.limit_in_bytes", String(total)],
    v2: ["memory/memory.swap.max", String(total - limit)],
  };
}

function quota(quota: number, period: number): readonly Knob[] {
  return [
    {
      v1: ["cpu/cpu.cfs_quota_us", String(quota)],
      v2: ["cpu/cpu.max", `${quota < 0 ? "max" : quota} ${period}`],
    },
    { v1: ["cpu/cpu.cfs_period_us", String(period)] },
  ];
}

function pids(text: string): Knob {
  return { v1: ["pids/pids.max", text], v2: ["pids/pids.max", text] };
}

containerTest("memory and swap are changed in both directions", (stage) => {
  const c = limited(stage);
  update(stage, c, ["--memory", "64m"], memory(64 * MIB));
  const pairs = [[30, 50], [60, 80], [10, 12], [100, 200], [64, 64], [65, 70]] as const;
  for (const [limit, total] of pairs) {
    const args = ["--memory", `${limit}M`, "--memory-swap", `${total}M`];
    update(stage, c, args, memory(limit * MIB), swap(total * MIB, limit * MIB));
  }
  update(stage, c, ["--memory-reservation", "8m"], {
    v1: ["memory/memory.soft_limit_in_bytes", String(8 * MIB)],
    v2: ["memory/memory.low", String(8 * MIB)],
  });
  const none = (controllerPlace("memory")?.version ?? 2) === 1 ? "9223372036854771712" : "max";
  update(
    stage,
    c,
    ["--memory", "-1"],
    { v1: ["memory/memory.limit_in_bytes", none], v2: ["memory/memory.max", none] },
    { v1: ["memory/memory.memsw.limit_in_bytes", none], v2: ["memory/memory.swap.max", none] },
  );
});

containerTest("quota and period are changed one by one and together", (stage) => {
  const c = limited(stage);
  update(stage, c, ["--cpu-period", "900000"], ...quota(500_000, 900_000));
  update(stage, c, ["--cpu-quota", "600000"], ...quota(600_000, 900_000));
  update(stage, c, ["--pids-limit", "9"], ...quota(600_000, 900_000));
  update(stage, c, ["--cpu-quota", "-1"], ...quota(-1, 900_000));
  update(stage, c, ["--cpu-quota=3000", "--cpu-period=10000"], ...quota(3000, 10_000));
  const burst = (text: string): Knob => ({
    v1: ["cpu/cpu.cfs_burst_us", text],
    v2: ["cpu/cpu.max.burst", text],
  });
  update(stage, c, ["--cpu-burst", "2000"], burst("2000"));
  update(stage, c, ["--cpu-quota", "1000", "--cpu-burst", "500"], burst("500"));
  update(stage, c, ["--cpu-quota", "9000", "--cpu-burst", "8000"], burst("8000"));
  update(stage, c, ["--cpu-burst", "0"], burst("0"), ...quota(9000, 10_000));
});

containerTest("a share ends idleness", (stage) => {
  const c = limited(stage);
  const idle = (text: string): Knob => ({ v1: ["cpu/cpu.idle", text], v2: ["cpu/cpu.idle", text] });
  update(stage, c, ["--cpu-idle", "1"], idle("1"));
  update(stage, c, ["--cpu-period", "100000"], idle("1"));
  update(stage, c, ["--cpu-share", "512"], idle("0"), {
    v1: ["cpu/cpu.shares", "512"],
    v2: ["cpu/cpu.weight", "59"],
  });
  const { code, stderr } = c.do("update", "--cpu-share", "200", "--cpu-idle", "1");
  assertEquals(code, 0);
  assertMatch(stderr, /level=warning .*unable to apply both/);
  checkKnob(stage, c, idle("1"));
});

containerTest("the number of processes is changed, also of a paused container", (stage) => {
  const c = limited(stage);
  update(stage, c, ["--pids-limit", "12345"], pids("12345"));
  update(stage, c, ["--pids-limit", "-1"], pids("max"));
  assertEquals(c.do("pause").code, 0);
  update(stage, c, ["--pids-limit", "0"], pids("1"));
  assertEquals(c.state().status, "paused");
});

containerTest("limits come from a file or standard input, and are kept for later", (stage) => {
  const c = limited(stage);
  const file = `${stage.dir}/limits.json`;
  Deno.writeTextFileSync(file, JSON.stringify({ pids: { limit: 11 }, cpu: { quota: 400_000 } }));
  update(stage, c, ["-r", file, "--pids-limit", "99"], pids("11"), ...quota(400_000, 1_000_000));
  updateBy(stage, c, { memory: { limit: 40 * MIB } }, memory(40 * MIB), pids("11"));
  const kept = JSON.parse(Deno.readTextFileSync(`${stage.root}/${c.id}/config.json`));
  assertEquals(kept.linux.resources, {
    memory: { limit: 40 * MIB, reservation: 24 * MIB },
    cpu: { shares: 100, quota: 400_000, period: 1_000_000 },
    pids: { limit: 11 },
  });
  assertEquals(execSh(stage, c, "echo there"), "there\n");
});

containerTest("devices are not touched, whatever an update says of them", (stage) => {
  const c = sleeper(stage, (config) => {
    config.linux["devices"] = [{ type: "c", path: "/dev/any", major: 10, minor: 229 }];
    config.linux["resources"] = { ...LIMITS, devices: [{ allow: true, access: "rwm" }] };
  });
  const open = (): string => execSh(stage, c, "(: </dev/any) 2>&1; true");
  const before = open();
  const resources = { devices: [{ allow: false, access: "rwm" }], pids: { limit: 30 } };
  updateBy(stage, c, resources, pids("30"));
  assertEquals(open(), before);
  assertEquals(before.includes("not permitted"), false);
  const kept = JSON.parse(Deno.readTextFileSync(`${stage.root}/${c.id}/config.json`));
  assertEquals(kept.linux.resources.devices, [{ allow: true, access: "rwm" }]);
});

containerTest(
  "a cpuset moves what runs, and what is executed later",
  (stage) => {
    const c = limited(stage);
    update(stage, c, ["--cpuset-cpus", "1"]);
    const list = /^Cpus_allowed_list:\t(.*)$/m;
    assertEquals(list.exec(Deno.readTextFileSync(`/proc/${c.state().pid}/status`))?.[1], "1");
    assertEquals(
      execSh(stage, c, "grep Cpus_allowed_list /proc/self/status"),
      "Cpus_allowed_list:\t1\n",
    );
  },
  "cgroup:cpuset",
  "two CPUs",
);

containerTest("throttles of one device are replaced and keep the other kinds", (stage) => {
  const device = blockDevice();
  assert(device !== null);
  const [major, minor] = device.split(":").map(Number);
  const entry = (rate: number): object[] => [{ major, minor, rate }];
  const c = limited(stage, { blockIO: { throttleReadBpsDevice: entry(MIB) } });
  const blockIO = { throttleReadBpsDevice: entry(2 * MIB), throttleWriteIOPSDevice: entry(90) };
  updateBy(stage, c, { blockIO }, {
    v1: ["blkio/blkio.throttle.read_bps_device", `${device} ${2 * MIB}`],
    v2: ["io/io.max", `${device} rbps=${2 * MIB} wbps=max riops=max wiops=90`],
  }, { v1: ["blkio/blkio.throttle.write_iops_device", `${device} 90`] });
}, "block device");

containerTest("an update that fails half-way is taken back, and not kept", (stage) => {
  const c = limited(stage);
  const before = Deno.readTextFileSync(`${stage.root}/${c.id}/config.json`);
  const result = c.do("update", "--memory", "64m", "--cpu-share", "300", "--cpu-quota", "10");
  assertEquals(result.code, 1);
  assertMatch(messageOf(result), /^Cannot write "10.*" to ".*\/cpu\..*" \(\/cpu\/quota\): EINVAL/);
  checkKnob(stage, c, memory(32 * MIB));
  checkKnob(stage, c, { v1: ["cpu/cpu.shares", "100"], v2: ["cpu/cpu.weight", "17"] });
  for (const knob of quota(500_000, 1_000_000)) checkKnob(stage, c, knob);
  assertEquals(Deno.readTextFileSync(`${stage.root}/${c.id}/config.json`), before);
});

containerTest("a limit below what is in use is refused where that is to be checked", (stage) => {
  const c = limited(stage);
  const refused = (resources: object): string =>
    messageOf(stage.ocirt(["update", "-r", "-", c.id], { stdin: JSON.stringify(resources) }));
  assertMatch(
    refused({ memory: { limit: 1024, checkBeforeUpdate: true } }),
    /^rejecting memory limit 1024 <= usage \d+$/,
  );
  assertMatch(
    refused({ memory: { limit: 1024, swap: 2048, checkBeforeUpdate: true } }),
    /^rejecting memory\+swap limit 2048 <= usage \d+$/,
  );
  assertEquals(c.state().status, "running");
}, "cgroup:memory");

containerTest("what is wrong with an update is told", (stage) => {
  const c = limited(stage);
  const refused = (args: readonly string[], stdin = ""): string =>
    messageOf(stage.ocirt(["update", ...args, c.id], { stdin }));
  assertMatch(refused(["--memory", "12q"]), /--memory: .*"12q" is not a size/);
  assertMatch(refused(["-r", "-"], "{"), /^Cannot use standard input: line 1 column 2/);
  assertMatch(refused(["-r", "-"], '{"pids":{"limit":"x"}}'), /\/pids\/limit: "x" is not an int/);
  assertMatch(refused(["-r", "/nowhere"]), /^Cannot read \/nowhere: ENOENT/);
  assertMatch(
    refused(["--l3-cache-schema", "L3:0=f"]),
    /updating a non-existent Intel RDT configuration is not supported/,
  );
  assertEquals(c.do("kill", "KILL").code, 0);
  c.await("stopped");
  assertEquals(refused(["--pids-limit", "5"]), "container not running");
  assertMatch(messageOf(stage.ocirt(["update", "none"])), /container does not exist/);
});
