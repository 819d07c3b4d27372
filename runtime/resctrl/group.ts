import { mode, type Pid } from "syscalls/abi/brand.ts";
import { ERRNO } from "syscalls/abi/errno.ts";
import { SyscallError } from "syscalls/abi/syscall_error.ts";
import { findPath, makeDirectory, removeEmpty } from "syscalls/libc/paths.ts";
import { HostError } from "runtime/base/errors.ts";
import type { ResctrlGroup } from "runtime/base/resctrl_group.ts";
import type { IntelRdt } from "runtime/spec/valid.ts";
import { readResctrlFile, resctrlFailure, writeResctrlFile } from "./files.ts";
import { linesNotIn, schemataLines } from "./schemata.ts";

/** The class that a container asks for, and what there is to do about it. */
export interface GroupPlan {
  /** Where resctrl is mounted. */
  readonly root: string;
  readonly group: ResctrlGroup;
  /** The folders to make, parents first. */
  readonly missing: readonly string[];
  /** What to write to the class's `schemata`. */
  readonly lines: readonly string[];
}

/**
 * Works out the class of a container; nothing is made yet.
 *
 * @param root where resctrl is mounted
 * @throws {HostError} for a class that is not there and described by nothing, one that is there and different, and for what this
 * machine cannot share out
 */
export function planGroup(root: string, id: string, rdt: IntelRdt): GroupPlan {
  const { closID = "", enableMonitoring = false } = rdt;
  const directory = closID === "/" ? root : `${root}/${closID === "" ? id : closID}`;
  const lines = schemataLines(rdt);
  const isThere = findPath(directory) === 0;
  requireResources(root, rdt);
  if (closID !== "" && !isThere && lines.length === 0) {
    throw new HostError(
      `Cannot use "${directory}" (/linux/intelRdt/closID): ENOENT (No such file or directory); ` +
        "hint: without l3CacheSchema, memBwSchema and schemata the class has to be there",
    );
  }
  if (closID !== "" && isThere) requireLines(root, directory, lines);
  const own = closID === "" && !isThere ? [directory] : [];
  const monitoring = enableMonitoring ? `${directory}/mon_groups/${id}` : "";
  const counting = monitoring === "" ? [] : [monitoring];
  return {
    root,
    group: { directory, monitoring, created: [...own, ...counting] },
    missing: [...isThere ? [] : [directory], ...counting],
    lines: closID !== "" && isThere ? [] : lines,
  };
}

/** @throws {HostError} for a resource that this machine does not share out */
export function requireResources(
  root: string,
  { l3CacheSchema = "", memBwSchema = "" }: IntelRdt,
): void {
  const has = (name: string): boolean => findPath(`${root}/info/${name}`) === 0;
  // Mounted with "cdp" a cache is shared out for code and data apart.
  if (l3CacheSchema !== "" && !has("L3") && !has("L3CODE")) {
    throw new HostError(
      "Cannot use l3CacheSchema (/linux/intelRdt): Intel RDT/CAT is not enabled on this machine",
    );
  }
  if (memBwSchema !== "" && !has("MB")) {
    throw new HostError(
      "Cannot use memBwSchema (/linux/intelRdt): Intel RDT/MBA is not enabled on this machine",
    );
  }
}

/** A class that others use as well is not changed by one more container. */
function requireLines(root: string, directory: string, lines: readonly string[]): void {
  if (lines.length === 0) return;
  const text = readResctrlFile(`${directory}/schemata`) ?? "";
  const granularity = Number(readResctrlFile(`${root}/info/MB/bandwidth_gran`) ?? "1");
  const [different] = linesNotIn(lines, text, granularity);
  if (different === undefined) return;
  throw new HostError(
    `Cannot use "${directory}" (/linux/intelRdt/closID): the class is there with ` +
      `${JSON.stringify(text)} and not ${JSON.stringify(different)}`,
  );
}

/**
 * Makes what a plan finds missing; all or nothing.
 * @throws {HostError} with the kernel's own reason
 */
export function makeGroup(plan: GroupPlan): void {
  const made: string[] = [];
  try {
    for (const directory of plan.missing) {
      const errno = -makeDirectory(directory, mode(0o755));
      if (errno === 0) made.push(directory);
      // A group that only counts may have been left by another container of that name.
      else if (errno !== ERRNO.EEXIST || directory !== plan.group.monitoring) {
        throw resctrlFailure(plan.root, { verb: "make", object: `"${directory}"`, errno });
      }
    }
    changeSchemata(plan.root, plan.group, plan.lines);
  } catch (cause) {
    for (const directory of made.reverse()) removeEmpty(directory);
    throw cause;
  }
}

/**
 * Changes what a class has of the caches and the bandwidth: all lines or none.
 * @throws {HostError} with the kernel's own reason
 */
export function changeSchemata(
  root: string,
  { directory }: ResctrlGroup,
  lines: readonly string[],
): void {
  if (lines.length === 0) return;
  const path = `${directory}/schemata`;
  const errno = -writeResctrlFile(path, lines.join("\n"));
  if (errno === 0) return;
  const object = `${JSON.stringify(lines.join("\n"))} to "${path}"`;
  throw resctrlFailure(root, { verb: "write", object, errno });
}

/**
 * Puts a process of one thread into a class; those that it makes will be there too.
 * @throws {HostError} with the kernel's own reason
 */
export function joinGroup(root: string, { directory, monitoring }: ResctrlGroup, pid: Pid): void {
  for (const folder of monitoring === "" ? [directory] : [directory, monitoring]) {
    const errno = -writeResctrlFile(`${folder}/tasks`, String(pid));
    if (errno === 0) continue;
    const object = `process ${pid} into "${folder}"`;
    throw resctrlFailure(root, { verb: "move", object, errno });
  }
}

/** Removes what goes with a container; whoever is still inside is in the class around it then. */
export function removeGroup({ created }: ResctrlGroup): void {
  for (const directory of created.toReversed()) {
    const errno = -removeEmpty(directory);
    if (errno === 0 || errno === ERRNO.ENOENT) continue;
    const cause = new SyscallError({ verb: "remove", object: `"${directory}"`, errno });
    throw new HostError(cause.message, { cause });
  }
}
