import { parseContainerId } from "runtime/base/container_id.ts";
import { type RecordPaths, recordPaths } from "runtime/base/paths.ts";
import type { ContainerCgroup } from "runtime/cgroups/driver.ts";
import { lockContainer } from "runtime/state/lock.ts";
import type { ContainerRecord } from "runtime/state/record.ts";
import { type Status, statusOf } from "runtime/state/status.ts";
import { readRecord } from "runtime/state/store.ts";
import { containerCgroup } from "./container_cgroup.ts";
import type { Context } from "./context.ts";

/** A container that exists, and the lock by which this command is the only one to change it. */
export interface OpenContainer extends Disposable {
  readonly record: ContainerRecord;
  readonly paths: RecordPaths;
  readonly status: Status;
  readonly cgroup: ContainerCgroup;
}

/**
 * Opens a container to change it.
 * @throws {StateError} "container does not exist", or what is wrong with its record
 */
export function openContainer(context: Context, id: string): OpenContainer {
  const paths = recordPaths(context.root, parseContainerId(id));
  const lock = lockContainer(paths.dir);
  try {
    const record = readRecord(context.root, id);
    return {
      record,
      paths,
      status: statusOf(record, paths),
      cgroup: containerCgroup(record),
      [Symbol.dispose]: () => lock[Symbol.dispose](),
    };
  } catch (cause) {
    lock[Symbol.dispose]();
    throw cause;
  }
}
