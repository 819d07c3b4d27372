import { assertEquals, assertThrows } from "@std/assert";
import { HostError } from "runtime/base/errors.ts";
import { collectStats } from "runtime/cgroups/stats/collect.ts";
import { NO_MEMORY } from "runtime/cgroups/stats/stats.ts";
import { statFiles } from "tests/support/stat_files.ts";

function statsOf(
  one: Readonly<Record<string, string>>,
  two: Readonly<Record<string, string>> = {},
): ReturnType<typeof collectStats> {
  return collectStats(statFiles(one), statFiles(two));
}

Deno.test("version 1 counts CPU in ticks, nanoseconds and for each CPU", () => {
  const { cpu } = statsOf({
    "cpuacct.stat": "user 570870\nsystem 315320\n",
    "cpuacct.usage": "8861906792311\n",
    "cpuacct.usage_percpu": "4268375460868 4593531331443 \n",
    "cpuacct.usage_all": "cpu user system\n0 2698684142791 1459977743585\n1 7 8\n",
    "cpu.stat": "nr_periods 5\nnr_throttled 3\nthrottled_time 123456\nnr_bursts 0\nburst_time 0\n",
  });
  assertEquals(cpu, {
    total: 8861906792311n,
    kernel: 3153200000000n,
    user: 5708700000000n,
    perCpu: [4268375460868n, 4593531331443n],
    perCpuKernel: [1459977743585n, 8n],
    perCpuUser: [2698684142791n, 7n],
    periods: 5n,
    throttledPeriods: 3n,
    throttledTime: 123456n,
    pressure: null,
  });
});

Deno.test("version 1's cpuset has lists and switches, and a level that may be below 0", () => {
  const { cpuset } = statsOf({
    "cpuset.cpus": "0-2,7\n",
    "cpuset.mems": "0\n",
    "cpuset.cpu_exclusive": "1\n",
    "cpuset.sched_load_balance": "1\n",
    "cpuset.sched_relax_domain_level": "-1\n",
  });
  assertEquals(cpuset.cpus, [0, 1, 2, 7]);
  assertEquals(cpuset.mems, [0]);
  assertEquals([cpuset.cpuExclusive, cpuset.memHardwall, cpuset.schedLoadBalance], [1n, 0n, 1n]);
  assertEquals(cpuset.schedRelaxDomainLevel, -1n);
  assertEquals(statsOf({ "cpuset.cpus": "\n" }).cpuset.cpus, []);
});

Deno.test("version 1's memory is exact to 64 bits, and a kind that the kernel lacks is nothing", () => {
  const { memory } = statsOf({
    "memory.stat": "cache 2777088\nrss 1957888\ntotal_rss -4096\n",
    "memory.usage_in_bytes": "6864896\n",
    "memory.max_usage_in_bytes": "31559680\n",
    "memory.limit_in_bytes": "9223372036854771712\n",
    "memory.failcnt": "2\n",
    // Newer kernels have no limit of it.
    "memory.kmem.usage_in_bytes": "1507328\n",
  });
  assertEquals(memory.cache, 2777088n);
  assertEquals(memory.usage, {
    limit: 9223372036854771712n,
    usage: 6864896n,
    peak: 31559680n,
    failures: 2n,
  });
  assertEquals(memory.kernel, { ...NO_MEMORY, usage: 1507328n });
  assertEquals(memory.swap, NO_MEMORY);
  // The kernel's counters may be below 0 for a moment.
  assertEquals(memory.raw.get("total_rss"), 0n);
});

Deno.test("no limit of processes is 0, in both versions", () => {
  for (const [limit, expected] of [["max", 0n], ["20", 20n]] as const) {
    const files = { "pids.current": "3\n", "pids.max": `${limit}\n` };
    assertEquals(statsOf(files).pids, { current: 3n, limit: expected });
    assertEquals(statsOf({}, files).pids, { current: 3n, limit: expected });
  }
});

Deno.test("of the counters of block devices the first is taken that has any", () => {
  const throttle = {
    "blkio.bfq.io_serviced_recursive": "Total 0\n",
    "blkio.throttle.io_serviced_recursive": "8:0 Read 4\n8:0 Total 4\nTotal 4\n",
    "blkio.throttle.io_service_bytes_recursive": "8:0 Read 16384\n8:0 Write 0\nTotal 16384\n",
    "blkio.throttle.io_serviced": "8:0 Read 1\nTotal 1\n",
  };
  const device = { major: 8n, minor: 0n };
  assertEquals(statsOf(throttle).blkio.tables, {
    serviced: [{ ...device, op: "Read", value: 4n }, { ...device, op: "Total", value: 4n }],
    serviceBytes: [{ ...device, op: "Read", value: 16384n }, { ...device, op: "Write", value: 0n }],
  });
  const bfq = { ...throttle, "blkio.bfq.sectors_recursive": "8:0 17\n" };
  const { sectors, serviced } = statsOf(bfq).blkio.tables;
  assertEquals(sectors, [{ ...device, op: "", value: 17n }]);
  assertEquals(serviced, []);
  assertEquals(statsOf({ "blkio.reset_stats": "" }).blkio.tables, {});
});

Deno.test("huge pages are counted by size, reserved ones where the kernel can", () => {
  const { hugetlb } = statsOf({
    "hugetlb.2MB.usage_in_bytes": "1\n",
    "hugetlb.2MB.max_usage_in_bytes": "2\n",
    "hugetlb.2MB.failcnt": "3\n",
    "hugetlb.1GB.usage_in_bytes": "1\n",
    "hugetlb.1GB.rsvd.usage_in_bytes": "1073741824\n",
    "hugetlb.1GB.rsvd.max_usage_in_bytes": "1073741824\n",
    "hugetlb.1GB.rsvd.failcnt": "0\n",
  });
  assertEquals(Object.fromEntries(hugetlb), {
    "2MB": { usage: 1n, peak: 2n, failures: 3n },
    "1GB": { usage: 1073741824n, peak: 1073741824n, failures: 0n },
  });
});

Deno.test("beside version 1, version 2 gives pressure and the controllers that version 1 lacks", () => {
  const pressure = "some avg10=1.50 avg60=0.00 avg300=0.00 total=9\n";
  const { cpu, hugetlb } = statsOf({ "cpuacct.usage": "7\n" }, {
    "cpu.stat": "usage_usec 99\n",
    "cpu.pressure": pressure,
    "hugetlb.2MB.current": "5\n",
  });
  assertEquals([cpu.total, cpu.pressure?.some.avg10], [7n, 1.5]);
  assertEquals(hugetlb.get("2MB")?.usage, 5n);
});

Deno.test("what is no number is refused by the name of the file", () => {
  const damaged: readonly [string, string][] = [
    ["memory.stat", "cache\n"],
    ["memory.stat", "cache many\n"],
    ["cpuset.cpus", "0-x\n"],
    ["cpuset.sched_relax_domain_level", "-\n"],
    ["blkio.throttle.io_serviced", "8:0\n"],
  ];
  for (const [name, text] of damaged) {
    const files = { [name]: text };
    const { message } = assertThrows(() => statsOf(files), HostError, "is no number");
    assertEquals(message.startsWith(`Cannot read cgroup file ${name}: `), true, message);
  }
});
