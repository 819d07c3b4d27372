import type { Pid } from "syscalls/abi/brand.ts";
import { findPath } from "syscalls/libc/paths.ts";
import { HostError } from "runtime/base/errors.ts";
import { ioReason } from "runtime/base/io_failure.ts";
import type { ResctrlGroup } from "runtime/base/resctrl_group.ts";
import { readResctrlFile, writeResctrlFile } from "runtime/resctrl/files.ts";
import {
  changeSchemata,
  type GroupPlan,
  joinGroup,
  makeGroup,
  planGroup,
  removeGroup,
  requireResources,
} from "runtime/resctrl/group.ts";
import { linesLike, schemataLines } from "runtime/resctrl/schemata.ts";
import type { TakeBack } from "runtime/cgroups/limits/apply.ts";
import { readResctrlStats, type ResctrlStats } from "runtime/resctrl/stats.ts";
import type { IntelRdt } from "runtime/spec/valid.ts";
import { parseMountinfo } from "./mountinfo.ts";

/** The class of cache and memory bandwidth of a container that is being made. */
export interface NewResctrl {
  readonly plan: GroupPlan;
  make(): void;
  join(init: Pid): void;
  remove(): void;
}

/**
 * Works out the class of a container; nothing is made yet.
 * @throws {HostError} what this host cannot do of it
 */
export function newResctrl(id: string, rdt: IntelRdt): NewResctrl {
  const plan = planGroup(requireResctrl(), id, rdt);
  return {
    plan,
    make: () => makeGroup(plan),
    join: (init) => joinGroup(plan.root, plan.group, init),
    remove: () => removeGroup(plan.group),
  };
}

/** Puts a process of `exec` where the container's others are; a class that is gone has given them to the one around it. */
export function joinResctrl(group: ResctrlGroup, process: Pid): void {
  if (findPath(group.directory) === 0) joinGroup(requireResctrl(), group, process);
}

/**
 * Changes what a container's class has.
 *
 * @returns takes it back, and names the file that it could not bring back
 * @throws {HostError} with the kernel's own reason; nothing is changed then
 */
export function changeResctrl(group: ResctrlGroup, changes: IntelRdt): TakeBack {
  const root = requireResctrl();
  requireResources(root, changes);
  const path = `${group.directory}/schemata`;
  const lines = schemataLines(changes);
  const before = linesLike(lines, readResctrlFile(path) ?? "");
  changeSchemata(root, group, lines);
  return () => before.length > 0 && writeResctrlFile(path, before.join("\n")) < 0 ? [path] : [];
}

/** What the kernel says of a container's class now. */
export function resctrlStats(group: ResctrlGroup): ResctrlStats {
  return readResctrlStats(requireResctrl(), group);
}

/** Where the kernel expects it to be mounted. */
const USUAL = "/sys/fs/resctrl";

/**
 * Where the resource control file system is mounted.
 * @throws {HostError} with what can be done
 */
export function requireResctrl(): string {
  if (findPath(`${USUAL}/schemata`) === 0) return USUAL;
  const mount = parseMountinfo(readMountinfo()).find(({ type }) => type === "resctrl");
  if (mount !== undefined) return mount.destination;
  const hint = findPath(USUAL) === 0
    ? `mount -t resctrl resctrl ${USUAL}`
    : "this processor has none, or a kernel without CONFIG_X86_CPU_RESCTRL";
  throw new HostError(
    `Cannot share out cache and memory bandwidth (/linux/intelRdt): no resctrl file system is mounted; hint: ${hint}`,
  );
}

function readMountinfo(): string {
  try {
    return Deno.readTextFileSync("/proc/self/mountinfo");
  } catch (cause) {
    throw new HostError(`Cannot read /proc/self/mountinfo: ${ioReason(cause)}`, { cause });
  }
}
