import { assertEquals } from "@std/assert";
import type { Resources } from "runtime/spec/valid.ts";
import { linesOf, ONLY_V2, planFor, problemsIn } from "tests/support/limit_hosts.ts";

type Table = readonly (readonly [resources: Resources, lines: readonly string[]])[];

function check(table: Table): void {
  for (const [resources, lines] of table) {
    const plan = planFor(resources, ONLY_V2);
    assertEquals(problemsIn(plan), [], Deno.inspect(resources));
    assertEquals(linesOf(plan.writes), lines, Deno.inspect(resources));
  }
}

Deno.test("version 2 has a limit of swap alone, which is memory and swap minus memory", () => {
  check([
    [{ memory: { limit: 4096, reservation: 2048, swap: 8192 } }, [
      'memory.swap.max "4096" /memory/swap',
      'memory.max "4096" /memory/limit',
      'memory.low "2048" /memory/reservation',
    ]],
    [{ memory: { limit: 4096, swap: 4096 } }, [
      'memory.swap.max "0" /memory/swap',
      'memory.max "4096" /memory/limit',
    ]],
    [{ memory: { limit: 4096 } }, ['memory.max "4096" /memory/limit']],
    [{ memory: { limit: -1 } }, [
      'memory.swap.max "max" /memory/limit',
      'memory.max "max" /memory/limit',
    ]],
    [{ memory: { limit: -1, swap: 8192 } }, [
      'memory.swap.max "8192" /memory/swap',
      'memory.max "max" /memory/limit',
    ]],
    [{ memory: { swap: -1, reservation: -1 } }, [
      'memory.swap.max "max" /memory/swap',
      'memory.low "max" /memory/reservation',
    ]],
    [{ memory: { limit: 2n ** 62n, swap: 2n ** 62n + 1n } }, [
      'memory.swap.max "1" /memory/swap',
      'memory.max "4611686018427387904" /memory/limit',
    ]],
  ]);
});

Deno.test("a limit of memory and swap that no limit of swap can stand for is refused in runc's words", () => {
  const table: readonly (readonly [memory: Resources["memory"], text: string])[] = [
    [{ swap: 4096 }, "unable to set swap limit without memory limit"],
    [{ limit: 0, swap: 4096 }, "unable to set swap limit without memory limit"],
    [{ limit: 8192, swap: 4096 }, "memory+swap limit should be >= memory limit"],
    [{ limit: -5, swap: 4096 }, "invalid memory value: -5"],
  ];
  for (const [memory, text] of table) {
    assertEquals(problemsIn(planFor({ memory }, ONLY_V2)), [`/memory/swap: ${text}`]);
  }
});

Deno.test("a kernel without swap has no file for it, which matters only to a limit", () => {
  const otherwise = (memory: Resources["memory"]): unknown =>
    planFor({ memory }, ONLY_V2).writes[0]?.otherwise;
  assertEquals(otherwise({ limit: 4096, swap: 4096 }), "nothing");
  assertEquals(otherwise({ limit: 4096, swap: -1 }), "nothing");
  assertEquals(otherwise({ limit: 4096, swap: 8192 }), undefined);
});

Deno.test("version 2 has weights for shares and one file for quota and period", () => {
  check([
    [{ cpu: { shares: 1024, quota: 5000, period: 10_000, burst: 100 } }, [
      'cpu.weight "100" /cpu/shares',
      'cpu.max.burst "100" /cpu/burst',
      'cpu.max "5000 10000" /cpu/quota',
    ]],
    [{ cpu: { quota: 5000 } }, ['cpu.max "5000 100000" /cpu/quota']],
    [{ cpu: { period: 5000 } }, ['cpu.max "max 5000" /cpu/period']],
    [{ cpu: { quota: -1, period: 5000 } }, ['cpu.max "max 5000" /cpu/quota']],
    [{ cpu: { cpus: "0", mems: "0" } }, ['cpuset.cpus "0" /cpu/cpus', 'cpuset.mems "0" /cpu/mems']],
    [{ cpu: { idle: 1 } }, ['cpu.idle "1" /cpu/idle']],
  ]);
});

Deno.test("an idle cgroup has no weight, which is warned of", () => {
  const plan = planFor({ cpu: { idle: 1, shares: 100 } }, ONLY_V2);
  assertEquals(linesOf(plan.writes), ['cpu.idle "1" /cpu/idle']);
  const unified = planFor({ unified: { "cpu.idle": "1", "cpu.weight": "8" } }, ONLY_V2);
  assertEquals(linesOf(unified.writes), ['cpu.idle "1" /unified/cpu.idle']);
  assertEquals([...plan.findings.warnings, ...unified.findings.warnings], [
    "/cpu/shares: unable to apply both cpu.weight and cpu.idle; it is idle",
    "/unified/cpu.weight: unable to apply both cpu.weight and cpu.idle; it is idle",
  ]);
});

Deno.test("version 2 has one file for all throttles, and BFQ's weights where they are", () => {
  const resources: Resources = {
    blockIO: {
      weight: 750,
      weightDevice: [{ major: 8, minor: 0, weight: 100 }],
      throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 1 }],
      throttleWriteBpsDevice: [{ major: 8, minor: 0, rate: 2 }],
      throttleReadIOPSDevice: [{ major: 8, minor: 0, rate: 3 }],
      throttleWriteIOPSDevice: [{ major: 8, minor: 0, rate: 0 }],
    },
  };
  check([[resources, [
    'io.bfq.weight "750" /blockIO/weight',
    'io.bfq.weight "8:0 100" /blockIO/weightDevice/0/weight',
    'io.max "8:0 rbps=1" /blockIO/throttleReadBpsDevice/0',
    'io.max "8:0 wbps=2" /blockIO/throttleWriteBpsDevice/0',
    'io.max "8:0 riops=3" /blockIO/throttleReadIOPSDevice/0',
    'io.max "8:0 wiops=max" /blockIO/throttleWriteIOPSDevice/0',
  ]]]);
  const others = planFor(resources, ONLY_V2).writes.map(({ otherwise }) => otherwise);
  assertEquals(others.slice(0, 2), [
    { file: "io.weight", value: "default 7475" },
    { file: "io.weight", value: "8:0 910" },
  ]);
});

Deno.test("version 2 limits huge pages, processes and RDMA as version 1 does", () => {
  check([
    [{ hugepageLimits: [{ pageSize: "1GB", limit: 2n ** 63n }] }, [
      'hugetlb.1GB.max "9223372036854775808" /hugepageLimits/0',
      'hugetlb.1GB.rsvd.max "9223372036854775808" /hugepageLimits/0',
    ]],
    [{ pids: { limit: 0 } }, ['pids.max "1" /pids/limit']],
    [{ rdma: { mlx: { hcaHandles: 0 } } }, ['rdma.max "mlx hca_handle=0" /rdma/mlx']],
  ]);
});

Deno.test("unified is written last, line by line", () => {
  check([
    [{
      unified: { "io.max": "8:0 riops=1\n8:16 wiops=2\n", "memory.max": "4096", "cgroup.type": "" },
      pids: { limit: 5 },
    }, [
      'pids.max "5" /pids/limit',
      'io.max "8:0 riops=1" /unified/io.max',
      'io.max "8:16 wiops=2" /unified/io.max',
      'memory.max "4096" /unified/memory.max',
    ]],
  ]);
});

Deno.test("what version 2 cannot apply is named", () => {
  const plan = planFor({
    memory: { swappiness: 10, disableOOMKiller: true },
    cpu: { realtimeRuntime: 1, realtimePeriod: 2 },
    blockIO: { leafWeight: 10, weightDevice: [{ major: 8, minor: 0, leafWeight: 10 }] },
    network: { classID: 1, priorities: [{ name: "lo", priority: 1 }] },
    unified: { nothing: "1", "dmem.max": "1", "cgroup.freeze": "1" },
  }, ONLY_V2);
  assertEquals(plan.writes, []);
  const lacks = "cgroup version 2 has no such setting";
  assertEquals(problemsIn(plan).sort(), [
    `/blockIO/leafWeight: ${lacks}`,
    `/blockIO/weightDevice/0/leafWeight: ${lacks}`,
    `/cpu/realtimePeriod: ${lacks}`,
    `/cpu/realtimeRuntime: ${lacks}`,
    `/memory/disableOOMKiller: ${lacks}`,
    `/memory/swappiness: ${lacks}`,
    `/network/classID: ${lacks}`,
    `/network/priorities: ${lacks}`,
    '/unified/cgroup.freeze: "cgroup.freeze" is no limit',
    '/unified/dmem.max: unified resource "dmem.max" can\'t be set: controller "dmem" not available',
    '/unified/nothing: unified resource "nothing" must be in the form CONTROLLER.PARAMETER',
  ]);
});
