import type { Pid } from "syscalls/abi/brand.ts";
import { hostLayout } from "./host_layout.ts";
import { visiblePath } from "./place.ts";
import { readCgroupFile } from "./tree.ts";

/** The folder of the version 2 cgroup that a process is in now; null when it cannot be seen from here. */
export function currentUnified(process: Pid): string | null {
  const tree = hostLayout().hierarchies.find(({ version }) => version === 2);
  const text = readCgroupFile(`/proc/${process}/cgroup`) ?? "";
  const path = /^0::(\/.*)$/m.exec(text)?.[1];
  // "/.." leads out of the cgroup namespace; what is deleted says so behind its name.
  if (tree === undefined || path === undefined) return null;
  if (path.startsWith("/..") || path.endsWith(" (deleted)")) return null;
  return visiblePath(tree, path);
}
