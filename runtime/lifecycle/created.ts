import type { Pid } from "syscalls/abi/brand.ts";
import type { RecordPaths } from "runtime/base/paths.ts";
import type { ContainerCgroup } from "runtime/cgroups/driver.ts";
import type { ContainerRecord } from "runtime/state/record.ts";

/** A container that this process has just created and still holds the lock of. */
export interface CreatedContainer extends Disposable {
  readonly record: ContainerRecord;
  readonly paths: RecordPaths;
  readonly init: Pid;
  readonly cgroup: ContainerCgroup;
}
