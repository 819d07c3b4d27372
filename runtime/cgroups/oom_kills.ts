import { readCgroupFile } from "./tree.ts";

/** Where the kernel counts them: version 2, version 1. */
const FILES = ["memory.events", "memory.oom_control"];

/**
 * How many processes of a container the kernel has killed for want of memory (cgroup-v2.rst, "memory.events"; v1/memory.rst,
 * "memory.oom_control").
 *
 * @param directories the container's cgroups
 */
export function oomKills(directories: readonly string[]): number {
  for (const dir of directories) {
    for (const file of FILES) {
      const count = /^oom_kill (\d+)$/m.exec(readCgroupFile(`${dir}/${file}`) ?? "")?.[1];
      if (count !== undefined) return Number(count);
    }
  }
  return 0;
}
