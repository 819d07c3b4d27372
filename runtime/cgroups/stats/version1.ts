import {
  type CpusetStats,
  type CpuStats,
  type HugetlbStats,
  type MemoryStats,
  type MemoryUse,
  NO_MEMORY,
  type PidsStats,
} from "./stats.ts";
import {
  amount,
  amountIn,
  amountsIn,
  linesIn,
  rangesIn,
  signedIn,
  type StatFiles,
  tableIn,
  UNLIMITED,
} from "./values.ts";

/** Nanoseconds in a clock tick: USER_HZ is 100 on every machine that Linux runs on today. */
const TICK = 10_000_000n;

export function cpuStats(files: StatFiles): CpuStats {
  const ticks = tableIn(files, "cpuacct.stat");
  const throttling = tableIn(files, "cpu.stat");
  // A header, then `CPU USER SYSTEM` for each CPU.
  const each = linesIn(files, "cpuacct.usage_all").slice(1).map((line) => line.split(" "));
  return {
    total: amountIn(files, "cpuacct.usage"),
    kernel: (ticks.get("system") ?? 0n) * TICK,
    user: (ticks.get("user") ?? 0n) * TICK,
    perCpu: amountsIn(files, "cpuacct.usage_percpu"),
    perCpuKernel: each.map(([, , system = ""]) => amount(system, "cpuacct.usage_all")),
    perCpuUser: each.map(([, user = ""]) => amount(user, "cpuacct.usage_all")),
    periods: throttling.get("nr_periods") ?? 0n,
    throttledPeriods: throttling.get("nr_throttled") ?? 0n,
    throttledTime: throttling.get("throttled_time") ?? 0n,
    pressure: null,
  };
}

export function cpusetStats(files: StatFiles): CpusetStats {
  return {
    cpus: rangesIn(files, "cpuset.cpus"),
    cpuExclusive: amountIn(files, "cpuset.cpu_exclusive"),
    mems: rangesIn(files, "cpuset.mems"),
    memHardwall: amountIn(files, "cpuset.mem_hardwall"),
    memExclusive: amountIn(files, "cpuset.mem_exclusive"),
    memoryMigrate: amountIn(files, "cpuset.memory_migrate"),
    memorySpreadPage: amountIn(files, "cpuset.memory_spread_page"),
    memorySpreadSlab: amountIn(files, "cpuset.memory_spread_slab"),
    memoryPressure: amountIn(files, "cpuset.memory_pressure"),
    schedLoadBalance: amountIn(files, "cpuset.sched_load_balance"),
    schedRelaxDomainLevel: signedIn(files, "cpuset.sched_relax_domain_level"),
  };
}

export function memoryStats(files: StatFiles): MemoryStats {
  const raw = tableIn(files, "memory.stat");
  return {
    cache: raw.get("cache") ?? 0n,
    usage: memoryUse(files, "memory"),
    swap: memoryUse(files, "memory.memsw"),
    kernel: memoryUse(files, "memory.kmem"),
    kernelTcp: memoryUse(files, "memory.kmem.tcp"),
    raw,
    pressure: null,
  };
}

function memoryUse(files: StatFiles, kind: string): MemoryUse {
  if (!files.names.has(`${kind}.usage_in_bytes`)) return NO_MEMORY;
  return {
    limit: amountIn(files, `${kind}.limit_in_bytes`),
    usage: amountIn(files, `${kind}.usage_in_bytes`),
    peak: amountIn(files, `${kind}.max_usage_in_bytes`),
    failures: amountIn(files, `${kind}.failcnt`),
  };
}

/** The same files in both versions. */
export function pidsStats(files: StatFiles): PidsStats {
  const limit = amountIn(files, "pids.max");
  return {
    current: amountIn(files, "pids.current"),
    limit: limit === UNLIMITED ? 0n : limit,
  };
}

/** Reservations where the kernel counts them (Linux 5.7), since they are what a process is refused for. */
export function hugetlbStats(files: StatFiles): Map<string, HugetlbStats> {
  const found = new Map<string, HugetlbStats>();
  for (const name of files.names) {
    const size = /^hugetlb\.(\w+)\.usage_in_bytes$/.exec(name)?.[1];
    if (size === undefined) continue;
    const reserved = `hugetlb.${size}.rsvd`;
    const kind = files.names.has(`${reserved}.usage_in_bytes`) ? reserved : `hugetlb.${size}`;
    found.set(size, {
      usage: amountIn(files, `${kind}.usage_in_bytes`),
      peak: amountIn(files, `${kind}.max_usage_in_bytes`),
      failures: amountIn(files, `${kind}.failcnt`),
    });
  }
  return found;
}
