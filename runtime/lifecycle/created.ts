import type { Pid } from "syscalls/abi/brand.ts";
import type { RecordPaths } from "runtime/base/paths.ts";
import type { ContainerCgroup } from "runtime/cgroups/driver.ts";
import type { ContainerRecord } from "runtime/state/record.ts";

/** A created container that this process has the lock of, until it disposes of it. */
export interface StartableContainer extends Disposable {
  readonly record: ContainerRecord;
  readonly paths: RecordPaths;
}

/** One that this process has just created. */
export interface CreatedContainer extends StartableContainer {
  readonly init: Pid;
  readonly cgroup: ContainerCgroup;
  /** The socket of the service manager that wants to know when it is ready; null when nobody does. */
  readonly manager: string | null;
}
