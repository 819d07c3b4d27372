import { parseContainerId } from "runtime/base/container_id.ts";
import { OcirtError } from "runtime/base/errors.ts";
import { type RecordPaths, recordPaths } from "runtime/base/paths.ts";
import { type ExitRecord, readExit } from "runtime/state/exit.ts";
import type { ContainerRecord } from "runtime/state/record.ts";
import { type Status, statusOf } from "runtime/state/status.ts";
import { listIds, readRecord } from "runtime/state/store.ts";
import type { Context } from "./context.ts";

/** What is told of a container; its status is worked out at the moment of asking. */
export interface ContainerState {
  readonly ociVersion: string;
  readonly id: string;
  /** The init as the host sees it; 0 when stopped. */
  readonly pid: number;
  readonly status: Status;
  readonly bundle: string;
  readonly rootfs: string;
  /** RFC 3339, UTC. */
  readonly created: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly ownerUid: number;
  /** How it ended; null while it runs, and where nobody of the runtime saw it. */
  readonly exit: ExitRecord | null;
}

/** A container that is looked at: nobody is kept from changing it meanwhile. */
export interface InspectedContainer {
  readonly record: ContainerRecord;
  readonly paths: RecordPaths;
  readonly status: Status;
}

/** @throws {StateError} "container does not exist", or what is wrong with its record */
export function inspectContainer(context: Context, id: string): InspectedContainer {
  const paths = recordPaths(context.root, parseContainerId(id));
  const record = readRecord(context.root, id);
  return { record, paths, status: statusOf(record, paths) };
}

/** @throws {StateError} "container does not exist", or what is wrong with its record */
export function inspect(context: Context, id: string): ContainerState {
  const { record, paths, status } = inspectContainer(context, id);
  const { ociVersion, bundle, rootfs, created, annotations } = record;
  return {
    ociVersion,
    id,
    pid: status === "stopped" ? 0 : record.pid,
    status,
    bundle,
    rootfs,
    created,
    annotations,
    ownerUid: Deno.statSync(paths.dir).uid ?? 0,
    exit: status === "stopped" ? readExit(paths) : null,
  };
}

/** All containers, sorted by id; null when there is no state root. One that cannot be read is logged and left out. */
export function inspectAll(context: Context): ContainerState[] | null {
  const ids = listIds(context.root);
  if (ids === null) return null;
  return ids.flatMap((id) => {
    try {
      return [inspect(context, id)];
    } catch (cause) {
      if (!(cause instanceof OcirtError) && !(cause instanceof Deno.errors.NotFound)) throw cause;
      context.log.log("warning", `Cannot list container ${JSON.stringify(id)}: ${cause.message}`);
      return [];
    }
  });
}
