/** What `linux.resources` means to the files of cgroup version 2, controller by controller. */
import type { Findings } from "runtime/spec/checks/findings.ts";
import type { Resources } from "runtime/spec/valid.ts";
import { pointerTo } from "runtime/spec/show.ts";
import { hugetlbWrites, pidsWrites, rdmaWrites, warnOfKernelMemory } from "./both.ts";
import { limitText, weightOfBlockIo, weightOfShares } from "./convert.ts";
import { type Amount, isGiven, type LimitWrite } from "./limit_write.ts";
import { cpusetWrites, NO_SWAPPINESS, type WritesOf } from "./v1.ts";

/** In the order that they are written in. */
export const V2_WRITES: ReadonlyMap<string, WritesOf> = new Map([
  ["cpuset", cpusetWrites],
  ["memory", memoryWrites],
  ["cpu", cpuWrites],
  ["pids", pidsWrites],
  ["io", ioWrites],
  ["hugetlb", (resources) => hugetlbWrites(resources, "max")],
  ["rdma", rdmaWrites],
]);

/** What of `resources` a controller knows in version 1 only, as JSON pointers. */
export function lackingInV2(
  { memory = {}, cpu = {}, network = {}, blockIO = {} }: Resources,
  controller: string,
): string[] {
  const { swappiness } = memory;
  const lacking: readonly (readonly [controller: string, path: string, isAsked: boolean])[] = [
    ["memory", "/memory/swappiness", swappiness !== undefined && swappiness !== NO_SWAPPINESS],
    ["memory", "/memory/disableOOMKiller", memory.disableOOMKiller === true],
    ["cpu", "/cpu/realtimeRuntime", isGiven(cpu.realtimeRuntime)],
    ["cpu", "/cpu/realtimePeriod", isGiven(cpu.realtimePeriod)],
    ["io", "/blockIO/leafWeight", isGiven(blockIO.leafWeight)],
    ...(blockIO.weightDevice ?? []).map(({ leafWeight }, i) =>
      ["io", `/blockIO/weightDevice/${i}/leafWeight`, isGiven(leafWeight)] as const
    ),
    ["net_cls", "/network/classID", isGiven(network.classID)],
    ["net_prio", "/network/priorities", (network.priorities ?? []).length > 0],
  ];
  return lacking.filter(([name, , isAsked]) => name === controller && isAsked)
    .map(([, path]) => path);
}

function memoryWrites({ memory = {} }: Resources, findings: Findings): LimitWrite[] {
  const { limit, reservation } = memory;
  const writes: LimitWrite[] = [];
  warnOfKernelMemory(memory, findings);
  const swap = swapOf(memory, findings);
  if (swap !== null) {
    // A kernel without swap has no such file, and nothing that could be limited.
    const needless = swap === "max" || swap === "0" ? { otherwise: "nothing" as const } : {};
    const origin = isGiven(memory.swap) ? "/memory/swap" : "/memory/limit";
    writes.push({ file: "memory.swap.max", value: swap, origin, ...needless });
  }
  if (isGiven(limit)) {
    writes.push({ file: "memory.max", value: limitText(limit), origin: "/memory/limit" });
  }
  if (isGiven(reservation)) {
    const origin = "/memory/reservation";
    writes.push({ file: "memory.low", value: limitText(reservation), origin });
  }
  return writes;
}

/** Version 2 limits swap by itself, version 1 and config.json memory and swap together. Null: nothing is asked. */
function swapOf(
  { limit, swap }: NonNullable<Resources["memory"]>,
  findings: Findings,
): string | null {
  const memory = Number(limit ?? 0);
  // Unlimited memory always meant unlimited swap.
  if (!isGiven(swap)) return memory === -1 ? "max" : null;
  if (Number(swap) === -1 || memory === -1) return limitText(swap);
  const refuse = (text: string): null => {
    findings.problem("/memory/swap", text);
    return null;
  };
  if (limit === undefined || memory === 0) {
    return refuse("unable to set swap limit without memory limit");
  }
  if (memory < 0) return refuse(`invalid memory value: ${limit}`);
  const beyond = BigInt(swap) - BigInt(limit);
  return beyond < 0n ? refuse("memory+swap limit should be >= memory limit") : String(beyond);
}

/** The period of a cgroup that was given none, in microseconds (cgroup-v2.rst, "cpu.max"). */
const DEFAULT_PERIOD = 100_000;

function cpuWrites({ cpu = {}, unified = {} }: Resources, findings: Findings): LimitWrite[] {
  const { shares, quota, period, burst, idle } = cpu;
  const writes: LimitWrite[] = [];
  const add = (
    file: string,
    value: Amount | string,
    name: string,
    more: Partial<LimitWrite> = {},
  ): void => void writes.push({ file, value: String(value), origin: `/cpu/${name}`, ...more });
  // Before the weight: an idle cgroup takes none.
  if (idle !== undefined) add("cpu.idle", idle, "idle");
  if (isGiven(shares)) {
    if (Number(idle) === 1 || unified["cpu.idle"] === "1") {
      findings.warn("/cpu/shares", "unable to apply both cpu.weight and cpu.idle; it is idle");
    } else add("cpu.weight", weightOfShares(shares), "shares");
  }
  const together = "bandwidth";
  if (burst !== undefined) {
    const otherwise = Number(burst) === 0 ? { otherwise: "nothing" as const } : {};
    add("cpu.max.burst", burst, "burst", { together, ...otherwise });
  }
  if (isGiven(quota) || isGiven(period)) {
    const most = isGiven(quota) && quota > 0 ? quota : "max";
    const value = `${most} ${isGiven(period) ? period : DEFAULT_PERIOD}`;
    add("cpu.max", value, isGiven(quota) ? "quota" : "period", { together });
  }
  return writes;
}

/** What io.max calls the four kinds of throttles. */
const THROTTLES = [
  ["throttleReadBpsDevice", "rbps"],
  ["throttleWriteBpsDevice", "wbps"],
  ["throttleReadIOPSDevice", "riops"],
  ["throttleWriteIOPSDevice", "wiops"],
] as const;

function ioWrites({ blockIO = {} }: Resources): LimitWrite[] {
  const writes: LimitWrite[] = [];
  const { weight, weightDevice = [] } = blockIO;
  // BFQ keeps the old scale of 1 to 1000; io.weight is that of the cost model, whose scale goes to 10000.
  if (isGiven(weight)) {
    const otherwise = { file: "io.weight", value: `default ${weightOfBlockIo(weight)}` };
    const origin = "/blockIO/weight";
    writes.push({ file: "io.bfq.weight", value: String(weight), origin, otherwise });
  }
  weightDevice.forEach(({ major, minor, weight }, i) => {
    if (!isGiven(weight)) return;
    const device = `${major}:${minor}`;
    const otherwise = { file: "io.weight", value: `${device} ${weightOfBlockIo(weight)}` };
    const origin = `/blockIO/weightDevice/${i}/weight`;
    const cleared = `${device} default`;
    writes.push({
      file: "io.bfq.weight",
      value: `${device} ${weight}`,
      origin,
      otherwise,
      cleared,
    });
  });
  for (const [name, word] of THROTTLES) {
    (blockIO[name] ?? []).forEach(({ major, minor, rate }, i) => {
      const device = `${major}:${minor}`;
      // Version 1 takes 0 for no limit, version 2 takes it for a mistake.
      const value = `${device} ${word}=${isGiven(rate) ? rate : "max"}`;
      const cleared = `${device} rbps=max wbps=max riops=max wiops=max`;
      writes.push({ file: "io.max", value, origin: `/blockIO/${name}/${i}`, cleared });
    });
  }
  return writes;
}

/** A write of `unified`, and the controller that it needs; "" for the files that every cgroup has. */
export interface UnifiedWrite {
  readonly controller: string;
  readonly write: LimitWrite;
}

/** Files whose name begins with no controller's. */
const EVERYWHERE = ["cgroup", "irq"];

/** Files that do something to the processes inside, before the container has any, or that would take the runtime's own in. */
const NO_LIMITS = ["cgroup.freeze", "cgroup.kill", "cgroup.procs", "cgroup.threads"];

/** The files that `unified` names, line by line as the kernel wants them; the last word in everything. */
export function unifiedWrites(
  { unified = {} }: Resources,
  findings: Findings,
): UnifiedWrite[] {
  return Object.entries(unified).flatMap(([file, text]) => {
    const origin = `/unified${pointerTo(file)}`;
    if (NO_LIMITS.includes(file)) {
      findings.problem(origin, `${JSON.stringify(file)} is no limit`);
      return [];
    }
    const dot = file.indexOf(".");
    if (dot < 0) {
      const name = JSON.stringify(file);
      findings.problem(origin, `unified resource ${name} must be in the form CONTROLLER.PARAMETER`);
      return [];
    }
    if (file === "cpu.weight" && unified["cpu.idle"] === "1") {
      findings.warn(origin, "unable to apply both cpu.weight and cpu.idle; it is idle");
      return [];
    }
    const prefix = file.slice(0, dot);
    const controller = EVERYWHERE.includes(prefix) ? "" : prefix;
    const lines = text.split("\n").filter((line) => line !== "");
    return lines.map((value) => ({ controller, write: { file, value, origin } }));
  });
}
