import { assertEquals } from "@std/assert";
import { collectStats } from "runtime/cgroups/stats/collect.ts";
import { statFiles } from "tests/support/stat_files.ts";

function statsOf(files: Readonly<Record<string, string>>): ReturnType<typeof collectStats> {
  return collectStats(statFiles({}), statFiles(files));
}

const MAX = 2n ** 64n - 1n;

Deno.test("version 2 counts CPU in microseconds, which become nanoseconds", () => {
  const { cpu } = statsOf({
    "cpu.stat": "usage_usec 1001\nuser_usec 600\nsystem_usec 401\nnice_usec 0\n" +
      "nr_periods 5\nnr_throttled 3\nthrottled_usec 17\nnr_bursts 0\nburst_usec 0\n",
    "cpu.pressure": "some avg10=13.95 avg60=13.27 avg300=0.05 total=1554611979\n" +
      "full avg10=0.00 avg60=0.00 avg300=0.00 total=3\n",
  });
  assertEquals([cpu.total, cpu.user, cpu.kernel], [1001000n, 600000n, 401000n]);
  assertEquals([cpu.periods, cpu.throttledPeriods, cpu.throttledTime], [5n, 3n, 17000n]);
  assertEquals(cpu.pressure, {
    some: { avg10: 13.95, avg60: 13.27, avg300: 0.05, total: 1554611979n },
    full: { avg10: 0, avg60: 0, avg300: 0, total: 3n },
  });
});

Deno.test("pressure that the kernel does not count is none, and a line it lacks is zero", () => {
  assertEquals(statsOf({}).cpu.pressure, null);
  assertEquals(statsOf({ "io.pressure": "" }).blkio.pressure, null);
  const one = statsOf({ "memory.pressure": "some avg10=1.00 avg60=0.00 avg300=0.00 total=1\n" });
  assertEquals(one.memory.pressure?.full, { avg10: 0, avg60: 0, avg300: 0, total: 0n });
});

Deno.test("swap is told with the memory, as callers know it from version 1", () => {
  const files = {
    "memory.stat": "anon 100\nfile 4096\n",
    "memory.current": "5000\n",
    "memory.peak": "6000\n",
    "memory.max": "33554432\n",
    "memory.swap.current": "10\n",
    "memory.swap.max": "1000\n",
    "memory.swap.peak": "20\n",
  };
  const { memory } = statsOf(files);
  assertEquals(memory.cache, 4096n);
  assertEquals(memory.usage, { limit: 33554432n, usage: 5000n, peak: 6000n, failures: 0n });
  assertEquals(memory.swap, { limit: 33555432n, usage: 5010n, peak: 0n, failures: 0n });
  assertEquals(statsOf({ ...files, "memory.swap.max": "max\n" }).memory.swap.limit, MAX);
  assertEquals(statsOf({ ...files, "memory.max": "max\n" }).memory.swap.limit, MAX);
  assertEquals(statsOf({ ...files, "memory.max": "max\n" }).memory.usage.limit, MAX);
});

Deno.test("without the controller the processes of the cgroup are counted", () => {
  assertEquals(statsOf({ "cgroup.procs": "12\n345\n" }).pids, { current: 2n, limit: 0n });
});

Deno.test("io.stat becomes version 1's tables; words that those lack are left out", () => {
  const { tables } = statsOf({
    "io.stat": "8:16 rbytes=1459200 wbytes=314773504 rios=192 wios=353 dbytes=7 dios=1\n" +
      "253:0 \n8:0 rbytes=18446744073709551615 cost.usage=3\n",
  }).blkio;
  const sdb = { major: 8n, minor: 16n };
  assertEquals(tables, {
    serviceBytes: [
      { ...sdb, op: "Read", value: 1459200n },
      { ...sdb, op: "Write", value: 314773504n },
      { ...sdb, op: "Discard", value: 7n },
      { major: 8n, minor: 0n, op: "Read", value: MAX },
    ],
    serviced: [
      { ...sdb, op: "Read", value: 192n },
      { ...sdb, op: "Write", value: 353n },
      { ...sdb, op: "Discard", value: 1n },
    ],
  });
});

Deno.test("huge pages fail as often as their events say", () => {
  const { hugetlb } = statsOf({
    "hugetlb.2MB.current": "2097152\n",
    "hugetlb.2MB.rsvd.current": "4194304\n",
    "hugetlb.2MB.events": "max 4\n",
    "hugetlb.64KB.current": "0\n",
    "hugetlb.64KB.events": "max 0\n",
  });
  assertEquals(Object.fromEntries(hugetlb), {
    "2MB": { usage: 4194304n, peak: 0n, failures: 4n },
    "64KB": { usage: 0n, peak: 0n, failures: 0n },
  });
});
