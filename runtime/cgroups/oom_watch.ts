import type { Fd } from "syscalls/abi/brand.ts";
import { openFlags } from "syscalls/abi/open.ts";
import { openFile } from "syscalls/libc/files.ts";
import { hostArch } from "syscalls/libc/library.ts";
import { drain, eventFd, inotify, watchChanges } from "syscalls/libc/notifications.ts";
import type { OwnedFd } from "syscalls/libc/owned_fd.ts";
import { oomKills } from "./oom_kills.ts";
import { readCgroupFile, writeCgroupFile } from "./tree.ts";

/** What has happened in a container's cgroups since they were last looked at. */
export interface CgroupNews {
  /** The container had no memory left. */
  readonly oom: boolean;
  /** Nobody is left in it, or it is gone. */
  readonly empty: boolean;
}

/** Tells when a container has no memory left. */
export interface OomWatch extends Disposable {
  /** Readable when there may be news. */
  readonly fd: Fd;
  /** Takes the news. */
  news(): CgroupNews;
}

/**
 * Watches a container's cgroups; null when none of them has the memory controller.
 *
 * @param directories the container's cgroups
 */
export function watchOom(directories: readonly string[]): OomWatch | null {
  for (const dir of directories) {
    if (readCgroupFile(`${dir}/memory.oom_control`) !== null) return watchVersion1(dir);
    if (readCgroupFile(`${dir}/memory.events`) !== null) return watchVersion2(dir);
  }
  return null;
}

/** An eventfd that the kernel adds to whenever the cgroup runs out of memory, and when it is removed (cgroup-v1/memory.rst, 9). */
function watchVersion1(dir: string): OomWatch {
  const counter = owned(eventFd, (made) => {
    using control = openFile(`${dir}/memory.oom_control`, openFlags(hostArch()).of("O_RDONLY"));
    writeCgroupFile(`${dir}/cgroup.event_control`, `${made.fd} ${control.fd}`);
  });
  return {
    fd: counter.fd,
    news(): CgroupNews {
      const told = drain(counter.fd);
      const empty = readCgroupFile(`${dir}/memory.oom_control`) === null;
      return { oom: told && !empty, empty };
    },
    [Symbol.dispose]: () => counter[Symbol.dispose](),
  };
}

/** Two files that inotify tells the changes of (cgroup-v2.rst, "memory.events", "cgroup.events"); their removal it does not tell. */
function watchVersion2(dir: string): OomWatch {
  const watcher = owned(inotify, (made) => {
    watchChanges(made.fd, `${dir}/memory.events`);
    watchChanges(made.fd, `${dir}/cgroup.events`);
  });
  let known = oomKills([dir]);
  return {
    fd: watcher.fd,
    news(): CgroupNews {
      drain(watcher.fd);
      // The file changes for other reasons too: a limit that was reached, pages that were given back.
      const kills = oomKills([dir]);
      const oom = kills > known;
      known = kills;
      const events = readCgroupFile(`${dir}/cgroup.events`);
      return { oom, empty: events === null || /^populated 0$/m.test(events) };
    },
    [Symbol.dispose]: () => watcher[Symbol.dispose](),
  };
}

/** Makes a descriptor and prepares it; nothing stays open when that fails. */
function owned(make: () => OwnedFd, prepare: (made: OwnedFd) => void): OwnedFd {
  const made = make();
  try {
    prepare(made);
    return made;
  } catch (cause) {
    made[Symbol.dispose]();
    throw cause;
  }
}
