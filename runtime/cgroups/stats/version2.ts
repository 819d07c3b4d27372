import { pidsStats as pidsController } from "./version1.ts";
import {
  type BlkioEntry,
  type BlkioTables,
  type CpuStats,
  type HugetlbStats,
  type MemoryStats,
  type MemoryUse,
  NO_MEMORY,
  type PidsStats,
} from "./stats.ts";
import { amount, amountIn, linesIn, type StatFiles, tableIn, UNLIMITED } from "./values.ts";

/** Nanoseconds in the kernel's unit here. */
const MICROSECOND = 1000n;

export function cpuStats(files: StatFiles): CpuStats {
  const stat = tableIn(files, "cpu.stat");
  const time = (key: string): bigint => (stat.get(key) ?? 0n) * MICROSECOND;
  return {
    total: time("usage_usec"),
    kernel: time("system_usec"),
    user: time("user_usec"),
    perCpu: [],
    perCpuKernel: [],
    perCpuUser: [],
    periods: stat.get("nr_periods") ?? 0n,
    throttledPeriods: stat.get("nr_throttled") ?? 0n,
    throttledTime: time("throttled_usec"),
    pressure: null,
  };
}

export function memoryStats(files: StatFiles): MemoryStats {
  const raw = tableIn(files, "memory.stat");
  const usage = memoryUse(files, "memory");
  return {
    cache: raw.get("file") ?? 0n,
    usage,
    swap: withMemory(memoryUse(files, "memory.swap"), usage),
    kernel: NO_MEMORY,
    kernelTcp: NO_MEMORY,
    raw,
    pressure: null,
  };
}

function memoryUse(files: StatFiles, kind: string): MemoryUse {
  if (!files.names.has(`${kind}.current`)) return NO_MEMORY;
  return {
    limit: amountIn(files, `${kind}.max`),
    usage: amountIn(files, `${kind}.current`),
    // Linux 5.19 for memory, 6.5 for swap.
    peak: amountIn(files, `${kind}.peak`),
    failures: 0n,
  };
}

/** Callers know swap as version 1 counts it: with the memory. Two peaks were not at the same time, so there is none of both. */
function withMemory(swap: MemoryUse, memory: MemoryUse): MemoryUse {
  const isUnlimited = swap.limit === UNLIMITED || memory.limit === UNLIMITED;
  return {
    limit: isUnlimited ? UNLIMITED : swap.limit + memory.limit,
    usage: swap.usage + memory.usage,
    peak: 0n,
    failures: swap.failures,
  };
}

/** A cgroup without the controller still lists its processes. */
export function pidsStats(files: StatFiles): PidsStats {
  if (files.names.has("pids.current")) return pidsController(files);
  return { current: BigInt(linesIn(files, "cgroup.procs").length), limit: 0n };
}

export function hugetlbStats(files: StatFiles): Map<string, HugetlbStats> {
  const found = new Map<string, HugetlbStats>();
  for (const name of files.names) {
    const size = /^hugetlb\.(\w+)\.current$/.exec(name)?.[1];
    if (size === undefined) continue;
    const reserved = `hugetlb.${size}.rsvd.current`;
    found.set(size, {
      usage: amountIn(files, files.names.has(reserved) ? reserved : name),
      peak: 0n,
      failures: tableIn(files, `hugetlb.${size}.events`).get("max") ?? 0n,
    });
  }
  return found;
}

/** The words of `io.stat` by version 1's names of the same. */
const IO_WORDS: Readonly<Record<string, readonly ["serviceBytes" | "serviced", string]>> = {
  rbytes: ["serviceBytes", "Read"],
  wbytes: ["serviceBytes", "Write"],
  dbytes: ["serviceBytes", "Discard"],
  rios: ["serviced", "Read"],
  wios: ["serviced", "Write"],
  dios: ["serviced", "Discard"],
};

/** Lines `MAJOR:MINOR WORD=NUMBER ...`; of a device that did nothing there may be no words. */
export function blkioTables(files: StatFiles): BlkioTables {
  const tables = { serviceBytes: [] as BlkioEntry[], serviced: [] as BlkioEntry[] };
  for (const line of linesIn(files, "io.stat")) {
    const [device = "", ...words] = line.split(" ");
    const [major = "", minor = ""] = device.split(":");
    for (const word of words) {
      const [key = "", value = ""] = word.split("=");
      const known = IO_WORDS[key];
      if (known === undefined) continue;
      const [table, op] = known;
      tables[table].push({
        major: amount(major, "io.stat"),
        minor: amount(minor, "io.stat"),
        op,
        value: amount(value, "io.stat"),
      });
    }
  }
  return tables;
}
