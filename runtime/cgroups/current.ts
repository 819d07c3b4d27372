import type { Pid } from "syscalls/abi/brand.ts";
import { hostLayout } from "./host_layout.ts";
import type { Hierarchy } from "./hierarchies.ts";
import { visiblePath } from "./place.ts";
import { readCgroupFile } from "./tree.ts";

/** The cgroup of a process in each tree, which goes by its controllers as /proc/PID/cgroup names them. */
export function currentGroups(process: Pid): Map<string, string> {
  const text = readCgroupFile(`/proc/${process}/cgroup`) ?? "";
  const groups = new Map<string, string>();
  for (const [, controllers = "", path = ""] of text.matchAll(/^\d+:([^:]*):(.*)$/gm)) {
    groups.set(controllers, path);
  }
  return groups;
}

/** The folder of the version 2 cgroup that a process is in now; null when it cannot be seen from here. */
export function currentUnified(process: Pid): string | null {
  const tree = hostLayout().hierarchies.find(({ version }) => version === 2);
  return tree === undefined ? null : currentIn(tree, process);
}

/**
 * The folder of the cgroup whose version 1 freezer keeps a process from running, and from ending
 * (Documentation/admin-guide/cgroup-v1/freezer-subsystem.rst); null where none does.
 */
export function frozenIn(process: Pid): string | null {
  const tree = hostLayout().hierarchies.find(({ controllers }) => controllers.includes("freezer"));
  const dir = tree === undefined ? null : currentIn(tree, process);
  if (dir === null) return null;
  return readCgroupFile(`${dir}/freezer.state`)?.trim() === "FROZEN" ? dir : null;
}

function currentIn(tree: Hierarchy, process: Pid): string | null {
  const path = currentGroups(process).get(tree.controllers.join());
  // "/.." leads out of the cgroup namespace; what is deleted says so behind its name.
  if (path === undefined || path.startsWith("/..") || path.endsWith(" (deleted)")) return null;
  return visiblePath(tree, path);
}
