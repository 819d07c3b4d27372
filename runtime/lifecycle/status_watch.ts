import type { Fd } from "syscalls/abi/brand.ts";
import { drain, inotify, watchChanges, watchNames } from "syscalls/libc/notifications.ts";
import { type Status, statusOf } from "runtime/state/status.ts";
import { readCgroupFile } from "runtime/cgroups/tree.ts";
import type { InspectedContainer } from "./inspect.ts";

/** How soon a container is looked at again that is about to stand still: version 1 does not tell when it does. */
const SOON = 10;

/** Tells when a container's status may be another. */
export interface StatusWatch extends Disposable {
  /** Readable when it may. */
  readonly fd: Fd;
  /** After how many milliseconds it may without a word; -1 for never. */
  patience(): number;
  /** The status now, where it is another than the last time; null where it is the same. */
  change(): Status | null;
}

/** Watches the file that tells whether a container is frozen, and the folder in which its gate gets another name at its start. */
export function watchStatus({ record, paths }: InspectedContainer): StatusWatch {
  const watcher = inotify();
  try {
    watchNames(watcher.fd, paths.dir);
    if (record.freezer !== "") watchChanges(watcher.fd, record.freezer);
  } catch (cause) {
    watcher[Symbol.dispose]();
    throw cause;
  }
  let known: Status | null = null;
  return {
    fd: watcher.fd,
    patience: () => isFreezing(record.freezer) ? SOON : -1,
    change(): Status | null {
      drain(watcher.fd);
      const status = statusOf(record, paths);
      if (status === known) return null;
      known = status;
      return status;
    },
    [Symbol.dispose]: () => watcher[Symbol.dispose](),
  };
}

function isFreezing(freezer: string): boolean {
  return freezer.endsWith("freezer.state") &&
    readCgroupFile(freezer)?.startsWith("FREEZING") === true;
}
