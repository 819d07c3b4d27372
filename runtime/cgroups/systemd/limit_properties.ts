import type { FileValue } from "runtime/cgroups/limits/limit_write.ts";
import { DEFAULT_PERIOD, perSecond } from "./bandwidth.ts";
import { cpusetBits } from "./cpuset_bits.ts";
import { INFINITY, lastOfEach, property, type UnitProperty } from "./property.ts";

/** Versions of systemd from which on it knows a setting. */
const SINCE = { quotaPeriod: 242, cpuset: 244, idle: 252, oomPolicy: 253 } as const;

/** Files whose number is a property's, with another word for no limit. */
const AMOUNTS: ReadonlyMap<string, string> = new Map([
  ["memory.max", "MemoryMax"],
  ["memory.high", "MemoryHigh"],
  ["memory.low", "MemoryLow"],
  ["memory.min", "MemoryMin"],
  ["memory.swap.max", "MemorySwapMax"],
  ["memory.limit_in_bytes", "MemoryLimit"],
  ["cpu.weight", "CPUWeight"],
  ["cpu.shares", "CPUShares"],
  ["blkio.weight", "BlockIOWeight"],
  ["blkio.bfq.weight", "BlockIOWeight"],
  ["pids.max", "TasksMax"],
]);

const CPUSETS: ReadonlyMap<string, string> = new Map([
  ["cpuset.cpus", "AllowedCPUs"],
  ["cpuset.mems", "AllowedMemoryNodes"],
]);

/**
 * Limits in systemd's words. What it has no word for is left to the files, which are written in any case: systemd has to
 * know the rest, for it writes its own idea of a unit to the same files whenever it is reloaded.
 *
 * @param version systemd's
 */
export function limitProperties(writes: readonly FileValue[], version: number): UnitProperty[] {
  const idle = version >= SINCE.idle &&
    writes.some(({ file, value }) => file === "cpu.idle" && value.trim() === "1");
  const properties = writes.flatMap(({ file, value }) => {
    if (idle && file === "cpu.weight") return [];
    return one(file, value.trim(), version);
  });
  // Weight 0 is systemd's word for idle.
  if (idle) properties.push(property("CPUWeight", "t", 0n));
  return lastOfEach([...properties, ...bandwidth(writes, version)]);
}

/** What may only be said of a unit when it is made. */
export function oomPolicy(writes: readonly FileValue[], version: number): UnitProperty[] {
  const group = writes.findLast(({ file }) => file === "memory.oom.group")?.value.trim();
  if (version < SINCE.oomPolicy || (group !== "0" && group !== "1")) return [];
  return [property("OOMPolicy", "s", group === "1" ? "kill" : "continue")];
}

function one(file: string, value: string, version: number): UnitProperty[] {
  const amount = AMOUNTS.get(file);
  if (amount !== undefined) {
    const number = numberOf(value);
    if (number === null) return [];
    // A limit of no task at all is none that systemd takes.
    return [property(amount, "t", amount === "TasksMax" && number === 0n ? 1n : number)];
  }
  const cpuset = CPUSETS.get(file);
  if (cpuset === undefined || version < SINCE.cpuset) return [];
  const bits = cpusetBits(value);
  return bits === null ? [] : [property(cpuset, "ay", bits)];
}

/** Null for what is no number: the kernel will say what is wrong with it. */
function numberOf(value: string): bigint | null {
  if (value === "max" || value === "-1") return INFINITY;
  return /^\d+$/.test(value) ? BigInt(value) : null;
}

/** How much of a CPU: quota and period are one file in version 2, two in version 1. */
function bandwidth(writes: readonly FileValue[], version: number): UnitProperty[] {
  const last = (name: string): string | undefined =>
    writes.findLast(({ file }) => file === name)?.value.trim();
  const [share, span] = last("cpu.max")?.split(/\s+/) ?? [];
  const quota = share ?? last("cpu.cfs_quota_us");
  const period = numberOf(span ?? last("cpu.cfs_period_us") ?? "");
  const known = quota === undefined ? INFINITY : numberOf(quota);
  // Nor would the kernel take such a period.
  if ((quota === undefined && period === null) || known === null || period === 0n) return [];
  const most = known === INFINITY ? INFINITY : perSecond(known, period ?? DEFAULT_PERIOD);
  return [
    ...period !== null && version >= SINCE.quotaPeriod
      ? [property("CPUQuotaPeriodUSec", "t", period)]
      : [],
    property("CPUQuotaPerSecUSec", "t", most),
  ];
}
