import { assertEquals } from "@std/assert";
import type { Resources } from "runtime/spec/valid.ts";
import { EVERY_V1, linesOf, planFor, problemsIn } from "tests/support/limit_hosts.ts";

type Table = readonly (readonly [resources: Resources, lines: readonly string[]])[];

/** What a host with every controller of version 1 is told. */
function check(table: Table): void {
  for (const [resources, lines] of table) {
    const plan = planFor(resources, EVERY_V1);
    assertEquals(problemsIn(plan), [], Deno.inspect(resources));
    assertEquals(linesOf(plan.writes), lines, Deno.inspect(resources));
  }
}

Deno.test("version 1 takes memory limits as they are, -1 for none", () => {
  check([
    [{ memory: { limit: 4096, reservation: 2048, swap: 8192 } }, [
      'memory.limit_in_bytes "4096" /memory/limit',
      'memory.memsw.limit_in_bytes "8192" /memory/swap',
      'memory.soft_limit_in_bytes "2048" /memory/reservation',
    ]],
    [{ memory: { limit: 4096 } }, ['memory.limit_in_bytes "4096" /memory/limit']],
    [{ memory: { limit: -1 } }, [
      'memory.limit_in_bytes "-1" /memory/limit',
      'memory.memsw.limit_in_bytes "-1" /memory/limit',
    ]],
    [{ memory: { swap: -1 } }, ['memory.memsw.limit_in_bytes "-1" /memory/swap']],
    [{ memory: { swappiness: 0, disableOOMKiller: true } }, [
      'memory.oom_control "1" /memory/disableOOMKiller',
      'memory.swappiness "0" /memory/swappiness',
    ]],
    [{ memory: { limit: 2n ** 62n } }, [
      'memory.limit_in_bytes "4611686018427387904" /memory/limit',
    ]],
  ]);
});

Deno.test("the kernel's killer comes back only where it was taken away", () => {
  const memory = { disableOOMKiller: false };
  assertEquals(planFor({ memory }, EVERY_V1).writes, []);
  const inForce = { memory: { disableOOMKiller: true } };
  assertEquals(linesOf(planFor({ memory, inForce }, EVERY_V1).writes), [
    'memory.oom_control "0" /memory/disableOOMKiller',
  ]);
});

Deno.test("zero asks for nothing, as Docker 20.10 sends it; a limit of no processes means one", () => {
  check([
    [{
      memory: { limit: 0, reservation: 0, swap: 0, kernel: 0, disableOOMKiller: false },
      cpu: { shares: 0, quota: 0, period: 0, realtimePeriod: 0, realtimeRuntime: 0, cpus: "" },
      blockIO: { weight: 0, leafWeight: 0 },
      network: { classID: 0 },
    }, []],
    [{ memory: { swappiness: 0xffff_ffff_ffff_ffffn } }, []],
    [{ pids: {} }, []],
    [{ pids: { limit: 0 } }, ['pids.max "1" /pids/limit']],
    [{ pids: { limit: -1 } }, ['pids.max "max" /pids/limit']],
    [{ pids: { limit: 7 } }, ['pids.max "7" /pids/limit']],
  ]);
});

Deno.test("version 1 has a file for each property of CPU time", () => {
  check([
    [{
      cpu: {
        shares: 512,
        quota: 5000,
        period: 10_000,
        burst: 100,
        realtimePeriod: 900,
        realtimeRuntime: 100,
        cpus: "0-1",
        mems: "0",
      },
    }, [
      'cpuset.cpus "0-1" /cpu/cpus',
      'cpuset.mems "0" /cpu/mems',
      'cpu.shares "512" /cpu/shares',
      'cpu.cfs_period_us "10000" /cpu/period',
      'cpu.cfs_burst_us "100" /cpu/burst',
      'cpu.cfs_quota_us "5000" /cpu/quota',
      'cpu.rt_period_us "900" /cpu/realtimePeriod',
      'cpu.rt_runtime_us "100" /cpu/realtimeRuntime',
    ]],
    [{ cpu: { quota: -1 } }, ['cpu.cfs_quota_us "-1" /cpu/quota']],
    [{ cpu: { idle: 0, shares: 100 } }, [
      'cpu.idle "0" /cpu/idle',
      'cpu.shares "100" /cpu/shares',
    ]],
  ]);
  const both = planFor({ cpu: { idle: 1, shares: 100 } }, EVERY_V1);
  assertEquals(linesOf(both.writes), ['cpu.idle "1" /cpu/idle']);
  assertEquals(both.findings.warnings, [
    "/cpu/shares: unable to apply both cpu.shares and cpu.idle; it is idle",
  ]);
});

Deno.test("version 1 takes weights by one of two names, and throttles device by device", () => {
  const resources: Resources = {
    blockIO: {
      weight: 100,
      leafWeight: 20,
      weightDevice: [{ major: 8, minor: 0, weight: 300, leafWeight: 30 }],
      throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 1 }, { major: 8, minor: 16, rate: 2 }],
      throttleWriteBpsDevice: [{ major: 8, minor: 0, rate: 3 }],
      throttleReadIOPSDevice: [{ major: 8, minor: 0, rate: 4 }],
      throttleWriteIOPSDevice: [{ major: 8, minor: 0 }],
    },
  };
  check([[resources, [
    'blkio.weight "100" /blockIO/weight',
    'blkio.leaf_weight "20" /blockIO/leafWeight',
    'blkio.weight_device "8:0 300" /blockIO/weightDevice/0/weight',
    'blkio.leaf_weight_device "8:0 30" /blockIO/weightDevice/0/leafWeight',
    'blkio.throttle.read_bps_device "8:0 1" /blockIO/throttleReadBpsDevice/0',
    'blkio.throttle.read_bps_device "8:16 2" /blockIO/throttleReadBpsDevice/1',
    'blkio.throttle.write_bps_device "8:0 3" /blockIO/throttleWriteBpsDevice/0',
    'blkio.throttle.read_iops_device "8:0 4" /blockIO/throttleReadIOPSDevice/0',
    'blkio.throttle.write_iops_device "8:0 0" /blockIO/throttleWriteIOPSDevice/0',
  ]]]);
  const others = planFor(resources, EVERY_V1).writes.map(({ otherwise }) => otherwise ?? null);
  assertEquals(others.slice(0, 4), [
    { file: "blkio.bfq.weight", value: "100" },
    null,
    { file: "blkio.bfq.weight_device", value: "8:0 300" },
    null,
  ]);
});

Deno.test("version 1 limits huge pages, RDMA and the network's classes", () => {
  check([
    [{ hugepageLimits: [{ pageSize: "2MB", limit: 4096 }] }, [
      'hugetlb.2MB.limit_in_bytes "4096" /hugepageLimits/0',
      'hugetlb.2MB.rsvd.limit_in_bytes "4096" /hugepageLimits/0',
    ]],
    [
      { rdma: { "mlx5/1": { hcaHandles: 3, hcaObjects: 10_000 }, mlx4: { hcaObjects: 1 }, x: {} } },
      [
        'rdma.max "mlx5/1 hca_handle=3 hca_object=10000" /rdma/mlx5~11',
        'rdma.max "mlx4 hca_object=1" /rdma/mlx4',
      ],
    ],
    [{ network: { classID: 0x100001, priorities: [{ name: "eth0", priority: 5 }] } }, [
      'net_cls.classid "1048577" /network/classID',
      'net_prio.ifpriomap "eth0 5" /network/priorities/0',
    ]],
  ]);
});

Deno.test("what version 1 cannot apply is named, kernel memory only warned of", () => {
  const plan = planFor({
    memory: { swappiness: 101, kernel: 4096, kernelTCP: -1 },
    unified: { "memory.min": "4096" },
  }, EVERY_V1);
  assertEquals(problemsIn(plan), [
    "/memory/swappiness: invalid memory swappiness value: 101 (valid range is 0-100)",
    "/unified: invalid configuration: cannot use unified on cgroup v1",
  ]);
  assertEquals(plan.findings.warnings, [
    "/memory/kernel: kernel memory settings are ignored",
    "/memory/kernelTCP: kernel memory settings are ignored",
  ]);
});
