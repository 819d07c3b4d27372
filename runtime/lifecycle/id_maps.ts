import type { Pid } from "syscalls/abi/brand.ts";
import { ERRNO } from "syscalls/abi/errno.ts";
import { writeFile } from "syscalls/libc/paths.ts";
import { HostError } from "runtime/base/errors.ts";
import { errnoReason } from "runtime/base/io_failure.ts";
import type { HostFacts } from "runtime/base/facts.ts";
import type { HostDuties } from "runtime/plan/plan.ts";
import type { IdMapping } from "runtime/spec/valid.ts";

export type IdKind = "uid" | "gid";

export type IdMaps = Pick<HostDuties, "uidMappings" | "gidMappings">;

/** Writes one map of a process's user namespace by a program that may; throws when it does not. */
export type MappingTool = (process: Pid, kind: IdKind, mappings: readonly IdMapping[]) => void;

/** Who writes the maps of a new user namespace. */
export interface IdMapper {
  readonly facts: Pick<HostFacts, "euid" | "egid">;
  /** For what this process may not map itself; null where there is nothing of that kind. */
  readonly tool: MappingTool | null;
}

/**
 * Writes the maps of a new user namespace: itself what the kernel lets this process write (user_namespaces(7)), else by the tool.
 *
 * @param origin what has the mappings in config.json, as a JSON pointer
 */
export function writeIdMaps(
  process: Pid,
  { uidMappings, gidMappings }: IdMaps,
  origin: string,
  { facts: { euid, egid }, tool }: IdMapper,
): void {
  const write = (kind: IdKind, mappings: readonly IdMapping[]): void => {
    const failure = writeMap(process, kind, mappings);
    if (failure === 0) return;
    if (failure !== ERRNO.EPERM || tool === null) {
      throw refused(`/proc/${process}/${kind}_map`, `${origin}/${kind}Mappings`, mappings, failure);
    }
    tool(process, kind, mappings);
  };
  write("uid", uidMappings);
  // Whoever drops a group may get into files that are forbidden to that group (CVE-2014-8989): with that given up the kernel lets
  // anybody map the own gid.
  if (euid !== 0 && isOwnId(gidMappings, egid)) {
    const denied = writeFile(`/proc/${process}/setgroups`, "deny", { create: null });
    if (denied < 0) {
      const path = `/proc/${process}/setgroups`;
      throw new HostError(`Cannot write "deny" to "${path}": ${errnoReason(-denied)}`);
    }
  }
  write("gid", gidMappings);
}

/** Whether a map is of one id, and that is the caller's own: it takes no power to make it. */
export function isOwnId(mappings: readonly IdMapping[], id: number): boolean {
  const [first, ...others] = mappings;
  return first !== undefined && others.length === 0 && first.hostID === id && first.size === 1;
}

/** A line for each range, as the kernel takes them (user_namespaces(7)). */
export function idMapText(mappings: readonly IdMapping[]): string {
  return mappings.map(({ containerID, hostID, size }) => `${containerID} ${hostID} ${size}\n`).join(
    "",
  );
}

/** 0, or an errno. */
function writeMap(process: Pid, kind: IdKind, mappings: readonly IdMapping[]): number {
  return -writeFile(`/proc/${process}/${kind}_map`, idMapText(mappings), { create: null });
}

function refused(
  path: string,
  origin: string,
  mappings: readonly IdMapping[],
  errno: number,
): HostError {
  const value = JSON.stringify(idMapText(mappings).trimEnd().replaceAll("\n", ", "));
  const hint = errno === ERRNO.EPERM
    ? "; hint: this user namespace has not all of the ids (/proc/self/uid_map, /proc/self/gid_map)"
    : "";
  return new HostError(
    `Cannot write ${value} to "${path}" (${origin}): ${errnoReason(errno)}${hint}`,
  );
}
