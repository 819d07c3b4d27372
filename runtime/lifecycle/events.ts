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
import { exitStatus } from "runtime/launch/wait.ts";
import type { ResctrlStats } from "runtime/resctrl/stats.ts";
import { readExit } from "runtime/state/exit.ts";
import type { ContainerRecord } from "runtime/state/record.ts";
import { isAlive, type Status } from "runtime/state/status.ts";
import type { Context } from "./context.ts";
import { inspectContainer, type InspectedContainer } from "./inspect.ts";
import { type StatusWatch, watchStatus } from "./status_watch.ts";
import { endOfInit } from "./wait.ts";

/** What a container uses. */
export interface ContainerStats extends CgroupStats {
  /** Of its class of cache and memory bandwidth; null where it has none of its own. */
  readonly resctrl: ResctrlStats | null;
}

/** What is told of a container while it runs. */
export type ContainerEvent =
  | { readonly type: "stats"; readonly stats: ContainerStats }
  /** It had no memory left. */
  | { readonly type: "oom" }
  | { readonly type: "status"; readonly status: Exclude<Status, "stopped"> }
  /** It has ended, with the exit status that a shell would see; null where nobody knows it. */
  | { readonly type: "end"; readonly exitStatus: number | null };

type Tell = (event: ContainerEvent) => boolean;

export interface FollowOptions {
  /** Milliseconds between two looks at what the container uses, the first one after so many; null to tell of its status instead. */
  readonly interval: number | null;
  /** Gets each event as soon as it is known; false when nobody wants more. */
  readonly tell: Tell;
}

const READABLE = Number(POLL.of("POLLIN"));
const STDOUT: Fd = fd(1);

/** Milliseconds in which the init ends after it has left its cgroup; else somebody has moved it elsewhere. */
const GRACE = 1000;

/**
 * What a container uses now.
 * @throws {StateError} when it does not run, in runc's words
 */
export async function containerStats(context: Context, id: string): Promise<ContainerStats> {
  const reader = await statsReader(running(context, id).record);
  return reader();
}

type StatsReader = () => ContainerStats;

async function statsReader({ cgroups, resctrl }: ContainerRecord): Promise<StatsReader> {
  if (resctrl === null) return () => ({ ...readStats(cgroups), resctrl });
  const { resctrlStats } = await import("./resctrl.ts");
  return () => ({ ...readStats(cgroups), resctrl: resctrlStats(resctrl) });
}

/**
 * Tells what a container uses or does, and when it runs out of memory, until it ends or standard output is closed.
 * @throws {StateError} when it does not run, in runc's words
 */
export async function follow(
  context: Context,
  id: string,
  { interval, tell }: FollowOptions,
): Promise<void> {
  const container = running(context, id);
  const read = await statsReader(container.record);
  using init = pidfdOf(id, container);
  using oom = watchOom(container.record.cgroups);
  if (oom === null) {
    context.log.log(
      "warning",
      "Cannot tell when memory runs out: the container has no cgroup of the memory controller",
    );
  }
  using status = interval === null ? watchStatus(container) : null;
  // What ends other programs ends this one: nothing is left behind.
  const { signalMask } = processInfo();
  if (signalMask !== null) setSignalMask(signalMask);
  const source: Source = { context, container, read, init: init.fd, oom, status };
  if (interval === null) followStatus(source, tell);
  else followStats(source, tell, interval);
}

interface Source {
  readonly context: Context;
  readonly container: InspectedContainer;
  readonly read: StatsReader;
  readonly init: Fd;
  readonly oom: OomWatch | null;
  readonly status: StatusWatch | null;
}

function followStats(source: Source, tell: Tell, interval: number): void {
  let next = performance.now() + interval;
  while (turn(source, tell, Math.max(0, next - performance.now())) === "more") {
    if (performance.now() < next) continue;
    if (!tellStats(source, tell)) return;
    // Intervals that were slept through are not made up for.
    next += interval * Math.max(1, Math.ceil((performance.now() - next) / interval));
  }
}

function followStatus(source: Source, tell: Tell): void {
  const { container, init, status } = source;
  for (;;) {
    const change = status?.change() ?? null;
    if (change !== null && change !== "stopped" && !tell({ type: "status", status: change })) {
      return;
    }
    const after = turn(source, tell, status?.patience() ?? -1);
    if (after === "deaf") return;
    if (after === "end") break;
  }
  // A version 2 cgroup is empty a moment before its last process has ended.
  const [ended = 0] = poll([{ fd: init, events: READABLE }], GRACE);
  if (ended === 0) return;
  const end = endOfInit(container.record, init);
  const known = end === null ? readExit(container.paths)?.status ?? null : exitStatus(end);
  tell({ type: "end", exitStatus: known });
}

/** Waits for news, at most `patience` milliseconds, and tells of memory; then whether there will be more, and a reader. */
function turn(
  { init, oom, status }: Source,
  tell: Tell,
  patience: number,
): "more" | "end" | "deaf" {
  const watches = [oom, status].filter((watch) => watch !== null);
  const [ended = 0, closed = 0] = poll([
    { fd: init, events: READABLE },
    // Asked for nothing, it still tells that the reader has gone away (poll(2), POLLERR and POLLHUP).
    { fd: STDOUT, events: 0 },
    ...watches.map(({ fd }) => ({ fd, events: READABLE })),
  ], Math.ceil(patience));
  const news = oom?.news() ?? { oom: false, empty: false };
  // The end of a container that was killed for want of memory is seen together with the reason.
  if (closed !== 0 || news.oom && !tell({ type: "oom" })) return "deaf";
  return ended !== 0 || news.empty ? "end" : "more";
}

/** False when nobody wants more. Nothing is told of a container that has ended meanwhile: what was read then is half of the truth. */
function tellStats({ context, read, init }: Source, tell: Tell): boolean {
  let stats: ContainerStats | null = null;
  let failure: unknown = null;
  try {
    stats = read();
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
