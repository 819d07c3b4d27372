import { type Fd, mode, type Pid, pid as toPid } from "syscalls/abi/brand.ts";
import { openFlags } from "syscalls/abi/open.ts";
import { SIGNALS } from "syscalls/abi/signal.ts";
import { openFile } from "syscalls/libc/files.ts";
import { hostArch } from "syscalls/libc/library.ts";
import { OwnedFd } from "syscalls/libc/owned_fd.ts";
import { makeDirectory, removeEmpty } from "syscalls/libc/paths.ts";
import { duplicateError, STDERR } from "syscalls/libc/process.ts";
import type { RecordPaths } from "runtime/base/paths.ts";
import { killAll } from "runtime/cgroups/kill.ts";
import { applyLimits } from "runtime/cgroups/limits/apply.ts";
import type { CriuOptions, Pair } from "runtime/criu/rpc.ts";
import { CriuFailure, type CriuWorker, type Notification } from "runtime/criu/worker.ts";
import { StateError } from "runtime/base/errors.ts";
import { resolveUserPath } from "runtime/host/bundle.ts";
import { isOwnNamespace } from "runtime/host/namespaces.ts";
import { hasNamespace } from "runtime/plan/input.ts";
import { NOTIFY_FOLDER } from "runtime/plan/notify.ts";
import type { ValidSpec } from "runtime/spec/valid.ts";
import { NAMESPACES } from "runtime/spec/words/namespaces.ts";
import type { ContainerRecord } from "runtime/state/record.ts";
import { isAlive, readProcess } from "runtime/state/status.ts";
import { replaceText, writeConfig, writeRecord } from "runtime/state/store.ts";
import type { NewCgroup } from "./cgroup.ts";
import { claimFolder } from "./claim_folder.ts";
import { containerCgroup } from "./container_cgroup.ts";
import type { Context } from "./context.ts";
import { cgroupOf, firstRecord, type LoadedContainer, settleCgroup } from "./create.ts";
import { type NewLimits, newLimits } from "./limits.ts";
import type { StartableContainer } from "./created.ts";
import {
  commonOptions,
  type CriuChoices,
  type CriuFolders,
  explainCriu,
  EXTERNAL_NAMESPACES,
  openFolders,
  startCriu,
} from "./criu.ts";
import { enterDelegated } from "./delegated_cgroup.ts";
import { unmountShared } from "./delete.ts";
import { inheritedStreams, readStreams } from "./descriptors.ts";
import { hostList, runHooks } from "./hook_lists.ts";
import { poststop } from "./poststop_hooks.ts";
import { writePidFile } from "./pid_file.ts";
import type { NewResctrl } from "./resctrl.ts";
import { mountRoot, mountsToRestore, unmountRoot } from "./restore_root.ts";
import { setUpNetwork } from "./restored_network.ts";
import { type Undo, withRollback } from "./rollback.ts";
import { ownStreams } from "./streams.ts";

export interface RestoreChoices extends CriuChoices {
  /** Connections come back closed. */
  readonly tcpClose: boolean;
  /** `TYPE:NAME`; null: as in the images. */
  readonly lsmProfile: string | null;
  /** SELinux context of the mounts; null: as in the images. */
  readonly lsmMountContext: string | null;
}

/** What all steps of one restore work on. */
interface Restore {
  readonly context: Context;
  readonly container: LoadedContainer;
  readonly choices: RestoreChoices;
  readonly paths: RecordPaths;
  readonly made: NewCgroup;
  readonly limits: NewLimits;
  readonly resctrl: NewResctrl | null;
  readonly folders: CriuFolders;
  readonly undo: Undo;
  /** As it is on disk, with the mount of its root. */
  record: ContainerRecord;
  /** What hooks were told, once some have run. */
  hooked: ContainerRecord | null;
}

/** Makes a container from a bundle and the images of a checkpoint; what fails leaves nothing. It runs then. */
export function restoreContainer(
  context: Context,
  container: LoadedContainer,
  choices: RestoreChoices,
): StartableContainer {
  const { id, loaded } = container;
  using folders = openFolders(choices, "restore.log");
  const streams = readStreams(choices.imagePath);
  return withRollback((undo) => {
    const { paths, lock } = claimFolder(context, id, undo);
    const made = cgroupOf(context, container);
    const limits = newLimits(context, loaded.spec, made);
    const resctrl = container.resctrl?.(id) ?? null;
    const record: ContainerRecord = {
      ...firstRecord(container, made, resctrl),
      sharedMount: `${paths.dir}/criu-root`,
      streams: ownStreams(),
    };
    // On record before it is made: whoever finds a half-made container can take all of it away.
    writeRecord(paths.dir, record);
    writeConfig(paths, loaded.text);
    undo(() => made.driver.remove());
    undo(() => unmountShared(record));
    made.driver.create();
    resctrl?.make();
    undo(() => resctrl?.remove());
    const work = { context, container, choices, paths, made, limits, resctrl, folders, undo };
    const restore: Restore = { ...work, record, hooked: null };
    undo(() => {
      killAll(made.driver, SIGNALS.SIGKILL);
      runPoststop(restore);
    });
    const init = performRestore(restore, inheritedStreams(streams));
    // Without cgroups its processes are found by their init alone.
    const restored = containerCgroup(withInit(restore.record, init));
    undo(() => killAll(restored, SIGNALS.SIGKILL));
    const running = finish(restore, init);
    return { record: running, paths, [Symbol.dispose]: () => lock[Symbol.dispose]() };
  });
}

/** Hooks that were told of a container are told of its end. */
function runPoststop({ context, container: { loaded: { spec, facts } }, hooked }: Restore): void {
  if (hooked !== null) poststop({ context, record: hooked, hooks: spec.hooks, facts });
}

/** Has CRIU make the processes; gives the record of the container as it runs. */
function performRestore(restore: Restore, streams: NonNullable<CriuOptions["inheritFds"]>): Pid {
  const { container: { id, loaded: { spec } }, paths: { notify }, made, folders } = restore;
  const { rootfs } = restore.record;
  makeDirectory(notify, mode(0o755));
  mountRoot(restore.record);
  try {
    using namespaces = openNamespaces(spec);
    const externalMounts = mountsToRestore({ spec, rootfs, cgroups: made.facts, notify });
    // CRIU's own standard error is kept from the user, for whom the container's is.
    using error = duplicateError();
    using criu = startCriu([...namespaces.inherited.map(({ fd }) => fd), error.fd]);
    requireCriu(criu, restore.choices);
    const options = {
      ...restoreOptions(restore),
      externalMounts,
      cgroupRoots: enterCgroups(restore, criu.pid),
      joinNamespaces: namespaces.joined,
      inheritFds: [
        ...namespaces.inherited,
        ...streams.map((stream) => stream.fd === STDERR ? { ...stream, fd: error.fd } : stream),
      ],
    };
    return toPid(criu.perform("restore", options, (told) => attend(restore, told)));
  } catch (cause) {
    throw explainCriu("restore", id, cause, folders.log);
  }
}

/** @throws {CriuFailure} for a CRIU that cannot do what was asked for */
function requireCriu(criu: CriuWorker, { lsmProfile, lsmMountContext }: RestoreChoices): void {
  const version = criu.requireVersion();
  if (version >= 31_600 || lsmProfile === null && lsmMountContext === null) return;
  const flag = lsmProfile === null ? "--lsm-mount-context" : "--lsm-profile";
  throw new CriuFailure(`${flag} requires at least CRIU 3.16`);
}

/** What CRIU makes is born where CRIU is. @returns the cgroups that those in the images become */
function enterCgroups(
  { context, container, made, limits, resctrl }: Restore,
  criu: Pid,
): Pair[] {
  // With CRIU in it there are more processes than the container may have.
  settleCgroup(context, container, made, { ...limits, populated: [] })(criu);
  if (made.systemd === null) made.driver.join(criu);
  resctrl?.join(criu);
  const lines = Deno.readTextFileSync(`/proc/${criu}/cgroup`).split("\n");
  return lines.flatMap((line) => {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) return [];
    return controllers.split(",").map((controller): Pair => [controller, path]);
  });
}

function restoreOptions({ record, choices, folders }: Restore): CriuOptions {
  const { lsmProfile, lsmMountContext } = choices;
  return {
    ...commonOptions(choices, folders, record.annotations),
    root: record.sharedMount,
    rstSibling: true,
    evasiveDevices: true,
    tcpClose: choices.tcpClose,
    ...lsmProfile === null ? {} : { lsmProfile },
    ...lsmMountContext === null ? {} : { lsmMountContext },
  };
}

/** The namespaces that the configuration joins by their paths. */
interface JoinedNamespaces extends Disposable {
  /** Those that the images know by a name. */
  readonly inherited: readonly { readonly key: string; readonly fd: Fd }[];
  /** Types and paths of the others. */
  readonly joined: readonly Pair[];
}

function openNamespaces({ namespaces }: ValidSpec): JoinedNamespaces {
  using stack = new DisposableStack();
  const inherited: { key: string; fd: Fd }[] = [];
  const joined: Pair[] = [];
  for (const { type, path } of namespaces) {
    if (path === null) continue;
    if (type === "network" || type === "pid") {
      const file = stack.use(openFile(path, openFlags(hostArch()).of("O_RDONLY")));
      inherited.push({ key: EXTERNAL_NAMESPACES[type].key, fd: file.fd });
    } else joined.push([NAMESPACES[type].file, path]);
  }
  const kept = stack.move();
  return { inherited, joined, [Symbol.dispose]: () => kept.dispose() };
}

/** Does what CRIU waits for. */
function attend(restore: Restore, { script, pid, descriptors }: Notification): void {
  switch (script) {
    case "setup-namespaces":
      return setUp(restore, toPid(pid));
    case "post-restore":
      restore.record = withInit(restore.record, toPid(pid));
      return writeRecord(restore.paths.dir, restore.record);
    case "orphan-pts-master": {
      const [master] = descriptors;
      if (master !== undefined) restore.container.keepTerminal?.(new OwnedFd(master.release()));
    }
  }
}

/** The namespaces are there, and no process of the container but its init, which waits. */
function setUp(restore: Restore, init: Pid): void {
  const { context, container: { loaded: { spec, facts } }, undo } = restore;
  setUpNetwork(init, spec, undo);
  const { hooks } = spec;
  if (hooks.prestart.length + hooks.createRuntime.length === 0) return;
  const record = withInit(restore.record, init);
  const scene = { context, record, hooks, facts };
  restore.hooked = record;
  const moment = { status: "creating", pid: init } as const;
  for (const name of ["prestart", "createRuntime"] as const) {
    runHooks(scene, hostList(scene, name, moment));
  }
}

function withInit(record: ContainerRecord, init: Pid): ContainerRecord {
  return { ...record, pid: init, startTime: readProcess(init)?.startTime ?? "" };
}

/** What is left to do for a container that runs. */
function finish(restore: Restore, init: Pid): ContainerRecord {
  const { container: { pidFile }, limits, paths, record } = restore;
  const running = { ...withInit(record, init), sharedMount: "" };
  if (running.startTime === "") throw new StateError("Cannot restore container: it has ended");
  unmountRoot(record);
  applyLimits(limits.populated);
  try {
    settle(restore, init);
  } catch (cause) {
    // One that has come to its end by now needs none of it.
    if (isAlive(running)) throw cause;
  }
  // Its time is when the container was started.
  replaceText(paths.started, "");
  writeRecord(paths.dir, running);
  if (pidFile !== null) writePidFile(resolveUserPath(pidFile), init);
  return running;
}

/** What depends on how the init is, now that it runs. */
function settle({ container: { loaded }, paths, made }: Restore, init: Pid): void {
  const mountinfo = Deno.readTextFileSync(`/proc/${init}/mountinfo`);
  if (!mountinfo.includes(` ${NOTIFY_FOLDER} `)) removeEmpty(paths.notify);
  // CRIU has put everybody where they were, below the container's own cgroup.
  enterDelegated(init, loaded, made);
  if (!hasNamespace(loaded.spec, "time") && !isOwnNamespace("time", `/proc/${init}/ns/time`)) {
    writeConfig(paths, withTimeNamespace(loaded.text));
  }
}

/** CRIU gives processes a time namespace that they had not, so that their clocks go on; `exec` has to join it. */
export function withTimeNamespace(config: string): string {
  return config.replace(/"namespaces"\s*:\s*\[/, (found) => `${found}{"type":"time"},`);
}
