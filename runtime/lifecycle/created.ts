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
  /** The socket of the service manager that wants to know when it is ready; null when nobody does. */
  readonly manager: string | null;
}
