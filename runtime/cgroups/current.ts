import type { Pid } from "syscalls/abi/brand.ts";
import { hostLayout } from "./host_layout.ts";
import type { Hierarchy } from "./hierarchies.ts";
import { visiblePath } from "./place.ts";
import { readCgroupFile } from "./tree.ts";

/** The folder of the version 2 cgroup that a process is in now; null when it cannot be seen from here. */
export function currentUnified(process: Pid): string | null {
  const tree = hostLayout().hierarchies.find(({ version }) => version === 2);
  return tree === undefined ? null : currentIn(tree, process, /^0::(\/.*)$/m);
}

/**
 * The folder of the cgroup whose version 1 freezer keeps a process from running, and from ending
 * (Documentation/admin-guide/cgroup-v1/freezer-subsystem.rst); null where none does.
 */
export function frozenIn(process: Pid): string | null {
  const tree = hostLayout().hierarchies.find(({ controllers }) => controllers.includes("freezer"));
  if (tree === undefined) return null;
  const dir = currentIn(tree, process, /^\d+:(?:[^:]*,)?freezer(?:,[^:]*)?:(\/.*)$/m);
  if (dir === null) return null;
  return readCgroupFile(`${dir}/freezer.state`)?.trim() === "FROZEN" ? dir : null;
}

function currentIn(tree: Hierarchy, process: Pid, line: RegExp): string | null {
  const path = line.exec(readCgroupFile(`/proc/${process}/cgroup`) ?? "")?.[1];
  // "/.." leads out of the cgroup namespace; what is deleted says so behind its name.
  if (path === undefined || path.startsWith("/..") || path.endsWith(" (deleted)")) return null;
  return visiblePath(tree, path);
}
