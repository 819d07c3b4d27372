import { pid } from "syscalls/abi/brand.ts";
import { ERRNO } from "syscalls/abi/errno.ts";
import { MNT } from "syscalls/abi/mount.ts";
import { POLL } from "syscalls/abi/poll.ts";
import { SIGNALS } from "syscalls/abi/signal.ts";
import { SyscallError } from "syscalls/abi/syscall_error.ts";
import { Arena } from "syscalls/libc/arena.ts";
import { bestEffort, rawCall } from "syscalls/libc/call.ts";
import { poll } from "syscalls/libc/poll.ts";
import { openPidfd, signalPidfd } from "syscalls/libc/process.ts";
import { parseContainerId } from "runtime/base/container_id.ts";
import { StateError } from "runtime/base/errors.ts";
import { type RecordPaths, recordPaths } from "runtime/base/paths.ts";
import { fromRecord } from "runtime/cgroups/from_record.ts";
import { frozenIn } from "runtime/cgroups/current.ts";
import { thaw, thawBelow } from "runtime/cgroups/freeze.ts";
import { killAll } from "runtime/cgroups/kill.ts";
import { leadsItsNamespace } from "runtime/cgroups/leads_namespace.ts";
import { lockContainer } from "runtime/state/lock.ts";
import type { ContainerRecord } from "runtime/state/record.ts";
import { exists, isAlive, statusOf } from "runtime/state/status.ts";
import { readRecord, removeContainerDir } from "runtime/state/store.ts";
import { assertAllowed } from "runtime/state/verbs.ts";
import { containerCgroup } from "./container_cgroup.ts";
import type { Context } from "./context.ts";
import type { StartableContainer } from "./created.ts";

/** How long an init may take to die of SIGKILL, in milliseconds (runc waits as long). */
const KILL_PATIENCE = 10_000;

/** After how long, in milliseconds, a killed init is taken to wait for what it has frozen in cgroups of its own. */
const FROZEN_BELOW = 200;

export interface DeleteOptions {
  /** Kill what runs; a container that is missing is no error. */
  readonly force: boolean;
}

/** Takes away a stopped or created container, with `force` any other too. */
export async function deleteContainer(
  context: Context,
  id: string,
  { force }: DeleteOptions,
): Promise<void> {
  const paths = recordPaths(context.root, parseContainerId(id));
  if (force && !exists(paths.dir)) return;
  using _lock = lockContainer(paths.dir);
  const record = recordOrNull(context, id, force);
  if (record === null) return removeContainerDir(paths.dir);
  const status = statusOf(record, paths);
  if (!force) assertAllowed("delete", id, status);
  await destroy(context, record, paths);
}

/** With `force`, a record that is missing or damaged leaves nothing to ask: what is there is taken away. */
function recordOrNull(context: Context, id: string, force: boolean): ContainerRecord | null {
  try {
    return readRecord(context.root, id);
  } catch (cause) {
    if (!force || !(cause instanceof StateError)) throw cause;
    if (cause.message !== "container does not exist") context.log.log("warning", cause.message);
    return null;
  }
}

/** Ends every process of a container and removes all that was made for it. The caller holds the lock. */
export async function destroy(
  context: Context,
  record: ContainerRecord,
  paths: RecordPaths,
): Promise<void> {
  if (isAlive(record)) {
    // Once its init has ended nobody knows which processes are of a container without cgroups.
    if (record.cgroups.length > 0 || leadsItsNamespace(record.pid)) killInit(record);
    else killAll(containerCgroup(record), SIGNALS.SIGKILL);
  }
  await destroyEnded(context, record, paths);
}

/** The same because of a failure, which is thrown then. */
export async function destroyAfter(
  context: Context,
  { record, paths }: StartableContainer,
  cause: unknown,
): Promise<never> {
  try {
    await destroy(context, record, paths);
  } catch (second) {
    throw new SuppressedError(second, cause);
  }
  throw cause;
}

/** The same for a container whose init is known to have ended. */
export async function destroyEnded(
  context: Context,
  record: ContainerRecord,
  paths: RecordPaths,
): Promise<void> {
  const poststop = await poststopOf(context, record, paths);
  const stopUnit = await unitStopper(context, record);
  const cgroup = fromRecord(record);
  // The end of its first process is the end of a pid namespace: as a rule nobody is left.
  if (stopUnit !== null || !cgroup.removeUnused()) {
    killAll(cgroup, SIGNALS.SIGKILL);
    stopUnit?.();
    cgroup.remove();
  }
  await removeResctrl(record);
  unmountShared(record);
  removeContainerDir(paths.dir);
  poststop();
}

/** How systemd is told that a container is no more; null where it knows of none. */
async function unitStopper(
  context: Context,
  { systemd, pid }: ContainerRecord,
): Promise<(() => void) | null> {
  // Its unit is made around its first process.
  if (systemd === null || pid === 0) return null;
  const { stopUnit } = await import("./systemd_unit.ts");
  return () => stopUnit(context, systemd);
}

/** Takes away the class of cache and memory bandwidth that was made for a container. */
async function removeResctrl({ resctrl }: ContainerRecord): Promise<void> {
  if (resctrl === null) return;
  const { removeGroup } = await import("runtime/resctrl/group.ts");
  removeGroup(resctrl);
}

/** What is to be done when nothing is left of the container. */
async function poststopOf(
  context: Context,
  record: ContainerRecord,
  paths: RecordPaths,
): Promise<() => void> {
  if (!record.hooks.includes("poststop")) return () => {};
  const { readPoststop } = await import("./poststop_hooks.ts");
  return readPoststop(context, record, paths);
}

/** Takes away the rootfs's mount, and with it what was mounted below, where the container had no mount namespace. */
export function unmountShared({ sharedMount }: ContainerRecord): void {
  if (sharedMount === "") return;
  using arena = new Arena();
  const flags = MNT.of("MNT_DETACH", "UMOUNT_NOFOLLOW");
  const result = rawCall("umount2", arena.cString(sharedMount), flags);
  // EINVAL: the init had not come to mount it; ENOENT: the bundle is gone, and the mount with it.
  if (result === 0 || result === -ERRNO.EINVAL || result === -ERRNO.ENOENT) return;
  throw new SyscallError({
    verb: "unmount",
    object: JSON.stringify(sharedMount),
    errno: -result,
  });
}

function killInit(record: ContainerRecord): void {
  const init = pid(record.pid);
  const pidfd = bestEffort("it may have ended meanwhile", () => openPidfd(init));
  if (pidfd === null) return;
  using opened = pidfd;
  bestEffort("it may have ended meanwhile", () => signalPidfd(opened.fd, SIGNALS.SIGKILL));
  // On version 1 nobody dies who is frozen.
  thaw(record.cgroups);
  const endsWithin = (milliseconds: number): boolean =>
    poll([{ fd: opened.fd, events: Number(POLL.of("POLLIN")) }], milliseconds)[0] !== 0;
  if (endsWithin(FROZEN_BELOW)) return;
  thawBelow(record.cgroups);
  if (endsWithin(KILL_PATIENCE)) return;
  const dir = frozenIn(init);
  const hint = dir === null ? "" : `; hint: somebody has put it into ${dir}, which is frozen`;
  throw new StateError(
    `Cannot delete container: process ${init} is still there 10 s after SIGKILL${hint}`,
  );
}
