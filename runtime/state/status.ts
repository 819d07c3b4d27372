import { StateError } from "runtime/base/errors.ts";
import { ioCode, ioReason } from "runtime/base/io_failure.ts";
import type { RecordPaths } from "runtime/base/paths.ts";
import type { ContainerRecord } from "./record.ts";

/** What a container is doing. It is `creating` for hooks, and while they run. */
export type Status = "creating" | "created" | "running" | "paused" | "stopped";

/** One process, as /proc/PID/stat has it. */
export interface ProcessStat {
  /** Field 22, clock ticks since boot, in decimal. */
  readonly startTime: string;
  /** Field 52 in the form of wait(2); 0 while it lives, and for who may not trace it. */
  readonly exitCode: number;
  /** Field 3: one letter, `Z` and `X` for a dead one. */
  readonly state: string;
}

/** What the kernel knows of a process; null when there is none. */
export function readProcess(pid: number): ProcessStat | null {
  let stat: string;
  try {
    stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  } catch (cause) {
    const code = ioCode(cause);
    // A process that ends between open and read answers ESRCH.
    if (code === "ENOENT" || code === "ESRCH") return null;
    throw new StateError(`Cannot read /proc/${pid}/stat: ${ioReason(cause)}`, { cause });
  }
  return parseStat(stat);
}

/**
 * Reads a line of /proc/PID/stat; null when it is none. The name in it may hold anything, brackets
 * and spaces too, so the fields are counted from the last bracket (proc(5)).
 */
export function parseStat(stat: string): ProcessStat | null {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, startTime] = [fields[0], fields[19]];
  if (state === undefined || startTime === undefined) return null;
  return { startTime, state, exitCode: Number(fields[49] ?? 0) };
}

/** Whether the container's init lives: the same process as at create, and not a zombie. */
export function isAlive(
  record: Pick<ContainerRecord, "pid" | "startTime">,
  read: (pid: number) => ProcessStat | null = readProcess,
): boolean {
  if (record.pid === 0) return false;
  const stat = read(record.pid);
  return stat !== null && stat.startTime === record.startTime &&
    stat.state !== "Z" && stat.state !== "X";
}

/** What {@link statusOf} asks the machine. */
export interface StatusProbes {
  readonly process: (pid: number) => ProcessStat | null;
  readonly exists: (path: string) => boolean;
  /** Whether the cgroup is frozen that has this file. */
  readonly frozen: (freezer: string) => boolean;
}

const PROBES: StatusProbes = { process: readProcess, exists, frozen: isFrozen };

/**
 * The status of a container, worked out from what runs and what is on disk: without a living init it is stopped; a created one
 * still has its start gate.
 */
export function statusOf(
  record: ContainerRecord,
  paths: RecordPaths,
  probes: Partial<StatusProbes> = {},
): Status {
  const ask = { ...PROBES, ...probes };
  if (!isAlive(record, ask.process)) return "stopped";
  if (record.creating) return "creating";
  if (ask.frozen(record.freezer)) return "paused";
  return ask.exists(paths.gate) ? "created" : "running";
}

/** @throws {StateError} when it cannot be told */
export function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return false;
    throw new StateError(`Cannot look at ${path}: ${ioReason(cause)}`, { cause });
  }
}

/** Asks the kernel whether a cgroup is frozen, by itself or with one that it is in. */
function isFrozen(freezer: string): boolean {
  if (freezer === "") return false;
  try {
    return saysFrozen(Deno.readTextFileSync(freezer));
  } catch (cause) {
    const code = ioCode(cause);
    // The cgroup was removed, before or after the file was open.
    if (code === "ENOENT" || code === "ENODEV") return false;
    throw new StateError(`Cannot read ${freezer}: ${ioReason(cause)}`, { cause });
  }
}

/** Reads a `freezer.state` (THAWED, FREEZING or FROZEN), or a `cgroup.events` with its line `frozen 0` or `frozen 1`. */
export function saysFrozen(text: string): boolean {
  return text.startsWith("FROZEN") || /^frozen 1$/m.test(text);
}
