/** What `linux.resources` means to the files of cgroup version 1, controller by controller. */
import type { Findings } from "runtime/spec/checks/findings.ts";
import type { Resources } from "runtime/spec/valid.ts";
import { hugetlbWrites, pidsWrites, rdmaWrites, warnOfKernelMemory } from "./both.ts";
import { type Amount, isGiven, type LimitWrite } from "./limit_write.ts";

/** Resources as they are wanted, and as they are. */
export interface Wanted extends Resources {
  /** What is in force already, where it is known: of a new cgroup nothing. */
  readonly inForce?: Resources;
}

/** The writes of one controller. What is wrong with them goes to `findings`. */
export type WritesOf = (wanted: Wanted, findings: Findings) => LimitWrite[];

/** In the order that they are written in: a memory limit, say, needs no CPU time to be set. */
export const V1_WRITES: ReadonlyMap<string, WritesOf> = new Map([
  ["cpuset", cpusetWrites],
  ["memory", memoryWrites],
  ["cpu", cpuWrites],
  ["pids", pidsWrites],
  ["blkio", blockIoWrites],
  ["hugetlb", (resources) => hugetlbWrites(resources, "limit_in_bytes")],
  ["rdma", rdmaWrites],
  ["net_cls", classWrites],
  ["net_prio", priorityWrites],
]);

/** The same files in both versions. */
export function cpusetWrites({ cpu = {} }: Resources): LimitWrite[] {
  const writes: LimitWrite[] = [];
  for (const name of ["cpus", "mems"] as const) {
    const value = cpu[name] ?? "";
    if (value !== "") writes.push({ file: `cpuset.${name}`, value, origin: `/cpu/${name}` });
  }
  return writes;
}

/** What `memory.swappiness` takes. */
const MOST_SWAPPY = 100;

/** -1 of the property's unsigned type: leave it alone, as Podman says it. */
export const NO_SWAPPINESS = 0xffff_ffff_ffff_ffffn;

function memoryWrites({ memory = {}, inForce = {} }: Wanted, findings: Findings): LimitWrite[] {
  const { limit, reservation, swap, swappiness, disableOOMKiller } = memory;
  const writes: LimitWrite[] = [];
  const add = (file: string, amount: Amount, name: string, more: Partial<LimitWrite> = {}): void =>
    void writes.push({ file, value: String(amount), origin: `/memory/${name}`, ...more });
  warnOfKernelMemory(memory, findings);
  if (isGiven(limit)) add("memory.limit_in_bytes", limit, "limit", { together: "memory" });
  const file = "memory.memsw.limit_in_bytes";
  if (isGiven(swap) && Number(swap) !== -1) add(file, swap, "swap", { together: "memory" });
  else if (Number(swap) === -1 || (Number(limit) === -1 && !isGiven(swap))) {
    // Without a limit of memory none of memory and swap makes sense; and where there is no such file there is no limit.
    const name = Number(swap) === -1 ? "swap" : "limit";
    add(file, -1, name, { together: "memory", otherwise: "nothing" });
  }
  if (isGiven(reservation)) add("memory.soft_limit_in_bytes", reservation, "reservation");
  if (disableOOMKiller === true) add("memory.oom_control", 1, "disableOOMKiller");
  // Docker always says false; new kernels warn of whoever writes it needlessly.
  if (disableOOMKiller === false && inForce.memory?.disableOOMKiller === true) {
    add("memory.oom_control", 0, "disableOOMKiller");
  }
  if (swappiness === undefined || swappiness === NO_SWAPPINESS) return writes;
  if (swappiness <= MOST_SWAPPY) add("memory.swappiness", swappiness, "swappiness");
  else {
    const text = `invalid memory swappiness value: ${swappiness} (valid range is 0-${MOST_SWAPPY})`;
    findings.problem("/memory/swappiness", text);
  }
  return writes;
}

function cpuWrites({ cpu = {} }: Resources, findings: Findings): LimitWrite[] {
  const { shares, quota, period, burst, idle, realtimePeriod, realtimeRuntime } = cpu;
  const writes: LimitWrite[] = [];
  const add = (file: string, amount: Amount, name: string, more: Partial<LimitWrite> = {}): void =>
    void writes.push({ file, value: String(amount), origin: `/cpu/${name}`, ...more });
  // Before the shares: an idle cgroup takes none.
  if (idle !== undefined) add("cpu.idle", idle, "idle");
  if (isGiven(shares)) {
    if (Number(idle) !== 1) add("cpu.shares", shares, "shares", { clamped: true });
    else findings.warn("/cpu/shares", "unable to apply both cpu.shares and cpu.idle; it is idle");
  }
  const together = "bandwidth";
  if (isGiven(period)) add("cpu.cfs_period_us", period, "period", { together });
  if (burst !== undefined) {
    const otherwise = Number(burst) === 0 ? { otherwise: "nothing" as const } : {};
    add("cpu.cfs_burst_us", burst, "burst", { together, ...otherwise });
  }
  if (isGiven(quota)) add("cpu.cfs_quota_us", quota, "quota", { together });
  const file = "cpu.rt_period_us";
  if (isGiven(realtimePeriod)) {
    add(file, realtimePeriod, "realtimePeriod", { together: "realtime" });
  }
  if (isGiven(realtimeRuntime)) {
    add("cpu.rt_runtime_us", realtimeRuntime, "realtimeRuntime", { together: "realtime" });
  }
  return writes;
}

/** What blkio.throttle calls the four kinds of throttles. */
const THROTTLES = [
  ["throttleReadBpsDevice", "read_bps"],
  ["throttleWriteBpsDevice", "write_bps"],
  ["throttleReadIOPSDevice", "read_iops"],
  ["throttleWriteIOPSDevice", "write_iops"],
] as const;

/** Weights are those of CFQ up to Linux 4.20, and of BFQ since. */
function blockIoWrites({ blockIO = {} }: Resources): LimitWrite[] {
  const writes: LimitWrite[] = [];
  const { weight, leafWeight, weightDevice = [] } = blockIO;
  if (isGiven(weight)) {
    const otherwise = { file: "blkio.bfq.weight", value: String(weight) };
    writes.push({ ...otherwise, file: "blkio.weight", origin: "/blockIO/weight", otherwise });
  }
  if (isGiven(leafWeight)) {
    const origin = "/blockIO/leafWeight";
    writes.push({ file: "blkio.leaf_weight", value: String(leafWeight), origin });
  }
  weightDevice.forEach(({ major, minor, weight, leafWeight }, i) => {
    const [device, at] = [`${major}:${minor}`, `/blockIO/weightDevice/${i}`];
    if (isGiven(weight)) {
      const value = `${device} ${weight}`;
      const otherwise = { file: "blkio.bfq.weight_device", value };
      const origin = `${at}/weight`;
      const cleared = `${device} default`;
      writes.push({ file: "blkio.weight_device", value, origin, otherwise, cleared });
    }
    if (isGiven(leafWeight)) {
      const [value, origin] = [`${device} ${leafWeight}`, `${at}/leafWeight`];
      const cleared = `${device} 0`;
      writes.push({ file: "blkio.leaf_weight_device", value, origin, cleared });
    }
  });
  for (const [name, word] of THROTTLES) {
    (blockIO[name] ?? []).forEach(({ major, minor, rate = 0 }, i) => {
      const file = `blkio.throttle.${word}_device`;
      const origin = `/blockIO/${name}/${i}`;
      const device = `${major}:${minor}`;
      writes.push({ file, value: `${device} ${rate}`, origin, cleared: `${device} 0` });
    });
  }
  return writes;
}

function classWrites({ network = {} }: Resources): LimitWrite[] {
  const { classID } = network;
  if (!isGiven(classID)) return [];
  return [{ file: "net_cls.classid", value: String(classID), origin: "/network/classID" }];
}

function priorityWrites({ network = {} }: Resources): LimitWrite[] {
  return (network.priorities ?? []).map(({ name, priority }, i) => ({
    file: "net_prio.ifpriomap",
    value: `${name} ${priority}`,
    origin: `/network/priorities/${i}`,
    cleared: `${name} 0`,
  }));
}
