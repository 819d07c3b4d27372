import { type Fd, fd, pid } from "syscalls/abi/brand.ts";
import { ERRNO } from "syscalls/abi/errno.ts";
import { POLL } from "syscalls/abi/poll.ts";
import { SyscallError } from "syscalls/abi/syscall_error.ts";
import type { OwnedFd } from "syscalls/libc/owned_fd.ts";
import { poll, setSignalMask } from "syscalls/libc/poll.ts";
import { openPidfd } from "syscalls/libc/process.ts";
import { OcirtError, StateError } from "runtime/base/errors.ts";
import { type OomWatch, watchOom } from "runtime/cgroups/oom_watch.ts";
import { readStats } from "runtime/cgroups/stats/read.ts";
import type { CgroupStats } from "runtime/cgroups/stats/stats.ts";
import { processInfo } from "runtime/host/process_info.ts";
import { isAlive } from "runtime/state/status.ts";
import type { Context } from "./context.ts";
import { inspectContainer, type InspectedContainer } from "./inspect.ts";

/** What a container uses. */
export type ContainerStats = CgroupStats;

/** What is told of a container while it runs. */
export type ContainerEvent =
  | { readonly type: "stats"; readonly stats: ContainerStats }
  /** It had no memory left. */
  | { readonly type: "oom" };

export interface FollowOptions {
  /** Milliseconds between two looks at what the container uses; the first one is after so many. */
  readonly interval: number;
  /** Gets each event as soon as it is known; false when nobody wants more. */
  readonly tell: (event: ContainerEvent) => boolean;
}

const READABLE = Number(POLL.of("POLLIN"));
const STDOUT: Fd = fd(1);

/**
 * What a container uses now.
 * @throws {StateError} when it does not run, in runc's words
 */
export function containerStats(context: Context, id: string): ContainerStats {
  return readStats(running(context, id).record.cgroups);
}

/**
 * Tells what a container uses, and when it runs out of memory, until it ends or standard output is closed.
 * @throws {StateError} when it does not run, in runc's words
 */
export function follow(context: Context, id: string, options: FollowOptions): void {
  const container = running(context, id);
  using init = pidfdOf(id, container);
  using watch = watchOom(container.record.cgroups);
  if (watch === null) {
    context.log.log(
      "warning",
      "Cannot tell when memory runs out: the container has no cgroup of the memory controller",
    );
  }
  // What ends other programs ends this one: nothing is left behind.
  const { signalMask } = processInfo();
  if (signalMask !== null) setSignalMask(signalMask);
  let next = performance.now() + options.interval;
  const source: Source = { context, container, init: init.fd, watch };
  while (turn(source, options.tell, next)) {
    const now = performance.now();
    if (now < next) continue;
    if (!tellStats(source, options.tell)) return;
    // Intervals that were slept through are not made up for.
    next += options.interval *
      Math.max(1, Math.ceil((performance.now() - next) / options.interval));
  }
}

interface Source {
  readonly context: Context;
  readonly container: InspectedContainer;
  readonly init: Fd;
  readonly watch: OomWatch | null;
}

/** Waits for news until the time `end`; false when there will be no more. */
function turn({ init, watch }: Source, tell: FollowOptions["tell"], end: number): boolean {
  const [ended = 0, closed = 0] = poll([
    { fd: init, events: READABLE },
    // Asked for nothing, it still tells that the reader has gone away (poll(2), POLLERR and POLLHUP).
    { fd: STDOUT, events: 0 },
    ...watch === null ? [] : [{ fd: watch.fd, events: READABLE }],
  ], Math.max(0, Math.ceil(end - performance.now())));
  const news = watch?.news() ?? { oom: false, empty: false };
  // The end of a container that was killed for want of memory is seen together with the reason.
  if (news.oom && !tell({ type: "oom" })) return false;
  return ended === 0 && closed === 0 && !news.empty;
}

/** False when nobody wants more, or the container has ended meanwhile: what was read then is half of the truth. */
function tellStats({ context, container, init }: Source, tell: FollowOptions["tell"]): boolean {
  let stats: ContainerStats | null = null;
  let failure: unknown = null;
  try {
    stats = readStats(container.record.cgroups);
  } catch (cause) {
    failure = cause;
  }
  const [ended = 0] = poll([{ fd: init, events: READABLE }], 0);
  if (ended !== 0) return true;
  if (stats !== null) return tell({ type: "stats", stats });
  if (!(failure instanceof OcirtError)) throw failure;
  // The next one may be better.
  context.log.log("error", failure.message);
  return true;
}

function running(context: Context, id: string): InspectedContainer {
  const container = inspectContainer(context, id);
  if (container.status === "stopped") throw notRunning(id);
  return container;
}

function pidfdOf(id: string, { record }: InspectedContainer): OwnedFd {
  try {
    const opened = openPidfd(pid(record.pid));
    // The pidfd is of whoever has that pid now: only the start time says that it is the container's init.
    if (isAlive(record)) return opened;
    opened[Symbol.dispose]();
  } catch (cause) {
    if (!(cause instanceof SyscallError) || cause.errno !== ERRNO.ESRCH) throw cause;
  }
  throw notRunning(id);
}

function notRunning(id: string): StateError {
  return new StateError(`container with id ${id} is not running`);
}
