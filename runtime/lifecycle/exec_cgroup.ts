import type { Pid } from "syscalls/abi/brand.ts";
import { ERRNO, errnoText } from "syscalls/abi/errno.ts";
import { openFlags } from "syscalls/abi/open.ts";
import { bestEffort } from "syscalls/libc/call.ts";
import { openFile } from "syscalls/libc/files.ts";
import { hostArch } from "syscalls/libc/library.ts";
import type { OwnedFd } from "syscalls/libc/owned_fd.ts";
import { findPath, writeFile } from "syscalls/libc/paths.ts";
import { HostError } from "runtime/base/errors.ts";
import { currentUnified } from "runtime/cgroups/current.ts";
import { hostLayout } from "runtime/cgroups/host_layout.ts";
import { parseSubCgroups, subDirectories } from "runtime/cgroups/sub_cgroup.ts";
import { readCgroupFile } from "runtime/cgroups/tree.ts";
import type { CgroupFacts, HostDuties } from "runtime/plan/plan.ts";
import type { ContainerRecord } from "runtime/state/record.ts";
import type { Attach } from "./duties.ts";

/**
 * What a process of one thread writes itself into, and what it is moved into.
 *
 * @param directories the container's own
 * @param wanted below which of them, as typed; none for those themselves
 * @throws {UsageError} for a wrong choice, in runc's words
 * @throws {HostError} when what was chosen is not there, likewise
 */
export function execCgroups(
  directories: readonly string[],
  wanted: readonly string[],
): CgroupFacts {
  const chosen = wanted.length === 0 ? directories : choose(directories, wanted);
  const v1 = chosen.filter((dir) => findPath(`${dir}/tasks`) === 0);
  return {
    unified: v1.length === 0,
    hierarchies: [],
    tasks: v1.map((dir) => `${dir}/tasks`),
    unifiedDirectory: chosen.find((dir) => !v1.includes(dir)) ?? null,
  };
}

function choose(directories: readonly string[], wanted: readonly string[]): readonly string[] {
  const paths = parseSubCgroups(wanted);
  const chosen = subDirectories(directories, paths, () => hostLayout().hierarchies);
  for (const dir of chosen) {
    if (findPath(dir) !== 0) throw notAdded("of the new process", `open ${dir}`, ERRNO.ENOENT);
  }
  return chosen;
}

/** The version 2 cgroup that a process is to be born in; null where that is not known, or is gone. */
export function openCgroup({ cloneInto }: HostDuties): OwnedFd | null {
  if (cloneInto === null) return null;
  const O = openFlags(hostArch());
  // Moving the process there will tell what is the matter.
  return bestEffort("the move tells", () => openFile(cloneInto, O.of("O_RDONLY", "O_DIRECTORY")));
}

/** Whether a process is in a version 2 cgroup already. A wrong "no" costs a move that changes nothing. */
export function wasBornIn(process: Pid, directory: string): boolean {
  const path = /^0::(\/.+)$/m.exec(readCgroupFile(`/proc/${process}/cgroup`) ?? "")?.[1];
  return path !== undefined && directory.endsWith(path);
}

/** By the user's systemd, for the unit of an ordinary user's container; null for others. */
export async function unitAttach(record: ContainerRecord): Promise<Attach | null> {
  return record.systemd?.manager === "user" ? (await unitAttacher())(record) : null;
}

/** The same for a container that has no unit yet. */
export async function unitAttacher(): Promise<(record: ContainerRecord) => Attach | null> {
  const { attachToUnit } = await import("./systemd_unit.ts");
  // What was made first is the unit's own cgroup.
  return ({ systemd, cgroupCreated: [own] }) => {
    if (systemd?.manager !== "user" || own === undefined) return null;
    return (process, directory) => attachToUnit(systemd, directory.slice(own.length), process);
  };
}

/**
 * Moves a process into a version 2 cgroup.
 *
 * @param init whose cgroup will do as well, since a container may have moved its processes further down or elsewhere; null
 * where the cgroup was asked for by name
 * @param orAttach how else a process comes there; null where there is no other way
 */
export function joinUnified(
  process: Pid,
  directory: string,
  { init, orAttach }: { readonly init: Pid | null; readonly orAttach: Attach | null },
): void {
  const result = move(process, directory);
  if (result === 0) return;
  const other = init === null ? null : currentUnified(init);
  if (other !== null && move(process, other) === 0) return;
  if (orAttach !== null && -result === ERRNO.EACCES) return orAttach(process, directory);
  throw notAdded(String(process), `write ${directory}`, -result);
}

function move(process: Pid, directory: string): number {
  return writeFile(`${directory}/cgroup.procs`, String(process), { create: null });
}

function notAdded(process: string, attempt: string, errno: number): HostError {
  const reason = errnoText(errno).toLowerCase();
  return new HostError(
    `error adding pid ${process} to cgroups: ${attempt}/cgroup.procs: ${reason}`,
  );
}
