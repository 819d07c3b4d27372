import type { ContainerCgroup } from "./driver.ts";
import { joinAll, pidsOf } from "./members.ts";
import { removeAll, removeUnused } from "./remove.ts";

/** What a container's record knows of its cgroups. */
export interface CgroupRecord {
  /** The container's folders, one a tree. */
  readonly cgroups: readonly string[];
  /** What was made for it, parents first. */
  readonly cgroupCreated: readonly string[];
}

/** The control groups of a container that is on record. */
export interface RecordedCgroup extends ContainerCgroup {
  /** `remove` where nobody is left inside; false, with something perhaps removed, where somebody may be. */
  removeUnused(): boolean;
}

/** The cgroups of a container that is on record. */
export function fromRecord({ cgroups, cgroupCreated }: CgroupRecord): RecordedCgroup {
  return {
    directories: cgroups,
    join: (pid) => joinAll(cgroups, pid),
    pids: () => pidsOf(cgroups),
    removeUnused: () => removeUnused(cgroups, cgroupCreated),
    remove: () => removeAll(cgroups, cgroupCreated),
  };
}
