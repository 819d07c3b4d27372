import { assertEquals } from "@std/assert";
import { cpusetBits } from "runtime/cgroups/systemd/cpuset_bits.ts";
import { limitProperties, oomPolicy } from "runtime/cgroups/systemd/limit_properties.ts";

const MAX = "18446744073709551615";

function shown(lines: readonly string[], version = 257): string[] {
  const writes = lines.map((line) => {
    const at = line.indexOf("=");
    return { file: line.slice(0, at), value: line.slice(at + 1) };
  });
  return [...limitProperties(writes, version), ...oomPolicy(writes, version)].map(
    ({ name, type, value }) =>
      `${name} ${type} ${Array.isArray(value) ? JSON.stringify(value) : value}`,
  );
}

/** Writes to files of a cgroup, and the properties that mean the same. */
const TABLE: readonly (readonly [writes: readonly string[], properties: readonly string[]])[] = [
  [["memory.max=1048576"], ["MemoryMax t 1048576"]],
  [["memory.max=max"], [`MemoryMax t ${MAX}`]],
  [["memory.low=5", "memory.min=4"], ["MemoryLow t 5", "MemoryMin t 4"]],
  [["memory.high=9"], ["MemoryHigh t 9"]],
  [["memory.swap.max=0"], ["MemorySwapMax t 0"]],
  [["memory.limit_in_bytes=-1"], [`MemoryLimit t ${MAX}`]],
  [["cpu.weight=100"], ["CPUWeight t 100"]],
  [["cpu.shares=512"], ["CPUShares t 512"]],
  [["cpu.idle=1", "cpu.weight=50"], ["CPUWeight t 0"]],
  [["cpu.idle=0", "cpu.weight=50"], ["CPUWeight t 50"]],
  [["pids.max=20"], ["TasksMax t 20"]],
  [["pids.max=0"], ["TasksMax t 1"]],
  [["pids.max=max"], [`TasksMax t ${MAX}`]],
  [["cpuset.cpus=0-1,9", "cpuset.mems=0"], ["AllowedCPUs ay [3,2]", "AllowedMemoryNodes ay [1]"]],
  [["blkio.weight=300"], ["BlockIOWeight t 300"]],
  [["blkio.bfq.weight=300"], ["BlockIOWeight t 300"]],
  [["memory.oom.group=1"], ["OOMPolicy s kill"]],
  [["memory.oom.group=0"], ["OOMPolicy s continue"]],
  // Half a CPU; a third of one is rounded up to a whole percent.
  [["cpu.max=50000 100000"], ["CPUQuotaPeriodUSec t 100000", "CPUQuotaPerSecUSec t 500000"]],
  [["cpu.max=33333 100000"], ["CPUQuotaPeriodUSec t 100000", "CPUQuotaPerSecUSec t 340000"]],
  [["cpu.max=max 100000"], ["CPUQuotaPeriodUSec t 100000", `CPUQuotaPerSecUSec t ${MAX}`]],
  [["cpu.max=20000"], ["CPUQuotaPerSecUSec t 200000"]],
  [["cpu.cfs_quota_us=20000"], ["CPUQuotaPerSecUSec t 200000"]],
  [["cpu.cfs_quota_us=-1"], [`CPUQuotaPerSecUSec t ${MAX}`]],
  [
    ["cpu.cfs_period_us=1000", "cpu.cfs_quota_us=3005"],
    ["CPUQuotaPeriodUSec t 1000", "CPUQuotaPerSecUSec t 3010000"],
  ],
  [["cpu.cfs_period_us=1000"], ["CPUQuotaPeriodUSec t 1000", `CPUQuotaPerSecUSec t ${MAX}`]],
  // The last word counts: `unified` stands behind the others.
  [["memory.max=5", "memory.max=6"], ["MemoryMax t 6"]],
  // What systemd has no word for, and what is no number, is the kernel's business alone.
  [["io.max=8:0 rbps=5", "hugetlb.2MB.max=5", "memory.max=lots", "cpuset.cpus=x"], []],
];

Deno.test("limits are what systemd calls them", () => {
  for (const [writes, properties] of TABLE) assertEquals(shown(writes), properties, writes.join());
});

Deno.test("an older systemd is not told what it does not know", () => {
  assertEquals(shown(["cpu.max=50000 100000"], 241), ["CPUQuotaPerSecUSec t 500000"]);
  assertEquals(shown(["cpuset.cpus=0"], 243), []);
  assertEquals(shown(["cpu.idle=1", "cpu.weight=50"], 251), ["CPUWeight t 50"]);
  assertEquals(shown(["memory.oom.group=1"], 252), []);
});

Deno.test("cpusetBits() has the lowest CPU in the first byte", () => {
  assertEquals(cpusetBits("0"), [1]);
  assertEquals(cpusetBits("8,"), [0, 1]);
  assertEquals(cpusetBits(" 1, 3-5"), [0b111010]);
  assertEquals(cpusetBits("0-15"), [255, 255]);
  for (const wrong of ["", ",", "a", "3-1", "-1", "0-99999999"]) {
    assertEquals(cpusetBits(wrong), null, wrong);
  }
});
