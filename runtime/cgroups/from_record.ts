import type { ContainerCgroup } from "./driver.ts";
import { joinAll, pidsOf } from "./members.ts";
import { removeAll } from "./remove.ts";

/** What a container's record knows of its cgroups. */
export interface CgroupRecord {
  /** The container's folders, one a tree. */
  readonly cgroups: readonly string[];
  /** What was made for it, parents first. */
  readonly cgroupCreated: readonly string[];
}

/** The cgroups of a container that is on record. */
export function fromRecord({ cgroups, cgroupCreated }: CgroupRecord): ContainerCgroup {
  return {
    directories: cgroups,
    join: (pid) => joinAll(cgroups, pid),
    pids: () => pidsOf(cgroups),
    remove: () => removeAll(cgroups, cgroupCreated),
  };
}
