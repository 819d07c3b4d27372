import { pressureIn } from "./pressure.ts";
import type { CgroupStats } from "./stats.ts";
import type { StatFiles } from "./values.ts";
import * as version1 from "./version1.ts";
import { blkioTables } from "./version1_blkio.ts";
import * as version2 from "./version2.ts";

/**
 * The numbers of a container. A controller that version 1 has is not in version 2; what no controller of version 1 counts, such as
 * pressure, may come from version 2 beside it.
 */
export function collectStats(one: StatFiles, two: StatFiles): CgroupStats {
  const isOnOne = (...files: readonly string[]): boolean =>
    files.some((file) => one.names.has(file));
  // Every version 2 cgroup has a cpu.stat, with the controller and without.
  const cpu = isOnOne("cpu.stat", "cpuacct.usage")
    ? version1.cpuStats(one)
    : version2.cpuStats(two);
  const memory = isOnOne("memory.stat") ? version1.memoryStats(one) : version2.memoryStats(two);
  const hugetlb = version1.hugetlbStats(one);
  const isBlkioOnOne = Array.from(one.names).some((name) => name.startsWith("blkio."));
  return {
    cpu: { ...cpu, pressure: pressureIn(two, "cpu.pressure") },
    cpuset: version1.cpusetStats(one),
    memory: { ...memory, pressure: pressureIn(two, "memory.pressure") },
    pids: isOnOne("pids.current") ? version1.pidsStats(one) : version2.pidsStats(two),
    blkio: {
      tables: isBlkioOnOne ? blkioTables(one) : version2.blkioTables(two),
      pressure: pressureIn(two, "io.pressure"),
    },
    hugetlb: hugetlb.size > 0 ? hugetlb : version2.hugetlbStats(two),
  };
}
