import { fromRecord, type RecordedCgroup } from "runtime/cgroups/from_record.ts";
import { pidsAround } from "runtime/cgroups/without.ts";
import type { ContainerRecord } from "runtime/state/record.ts";
import { isAlive } from "runtime/state/status.ts";

/** The cgroups of a container; one that has none has processes yet. */
export function containerCgroup(record: ContainerRecord): RecordedCgroup {
  const cgroup = fromRecord(record);
  if (record.cgroups.length > 0) return cgroup;
  return { ...cgroup, pids: () => isAlive(record) ? pidsAround(record.pid) : [] };
}

/** What commands say that need a cgroup. */
export const NO_CGROUP =
  "the container has none; hint: none has any that was made with --cgroup-manager disabled, and an ordinary user's has some only where they were delegated (/linux/cgroupsPath, --systemd-cgroup)";
