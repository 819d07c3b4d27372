import type { Pid } from "syscalls/abi/brand.ts";
import { SIGNALS } from "syscalls/abi/signal.ts";
import { realTime } from "syscalls/libc/clock.ts";
import { type ContainerId, parseContainerId } from "runtime/base/container_id.ts";
import { HostError, StateError } from "runtime/base/errors.ts";
import type { HostFacts } from "runtime/base/facts.ts";
import type { RecordPaths } from "runtime/base/paths.ts";
import { killAll } from "runtime/cgroups/kill.ts";
import { applyLimits } from "runtime/cgroups/limits/apply.ts";
import { resolveUserPath } from "runtime/host/bundle.ts";
import { processInfo } from "runtime/host/process_info.ts";
import type { NoPivot, PlanInput } from "runtime/plan/input.ts";
import { CREATE_HOOKS, LATER_HOOKS, listsWithHooks } from "runtime/plan/create_hooks.ts";
import { sessionKeyringName } from "runtime/plan/keyring.ts";
import { NOTIFY_VARIABLE } from "runtime/plan/notify.ts";
import type { ContainerRecord } from "runtime/state/record.ts";
import type { ValidSpec } from "runtime/spec/valid.ts";
import { readProcess } from "runtime/state/status.ts";
import { writeConfig, writeRecord } from "runtime/state/store.ts";
import { rfc3339 } from "runtime/state/timestamp.ts";
import { delegate } from "./cgroup_owner.ts";
import {
  applyDeviceControl,
  deviceControl,
  entersNothing,
  isRootless,
  type NewCgroup,
  newCgroup,
  tryDeviceControl,
} from "./cgroup.ts";
import { claimFolder } from "./claim_folder.ts";
import type { Context } from "./context.ts";
import type { CreateHooks } from "./create_hooks.ts";
import type { CreatedContainer } from "./created.ts";
import { seccompOf } from "./filter.ts";
import type { Seccomp } from "./seccomp.ts";
import { unmountShared } from "./delete.ts";
import { isOwnId, type MappingTool } from "./id_maps.ts";
import { explainOom, type NewLimits, newLimits, requireCgroups } from "./limits.ts";
import { loadBundle, type LoadedBundle } from "./load.ts";
import { enterDelegated, requireDelegation } from "./delegated_cgroup.ts";
import { noCgroup } from "./no_cgroup.ts";
import { noPivot } from "./no_pivot.ts";
import { managerSocket, shareNotifyFolder } from "./notify.ts";
import { writePidFile } from "./pid_file.ts";
import { pidfdSockets, sendPidfd } from "./pidfd_socket.ts";
import { activation, preservedFds } from "./preserved_fds.ts";
import { processFacts } from "./process_cgroups.ts";
import { type Undo, withRollback } from "./rollback.ts";
import { startInit } from "./start_init.ts";
import { ownStreams } from "./streams.ts";
import { checkTerminal, type ForegroundTerminal, sendTo, type TerminalKeeper } from "./terminal.ts";
import type { NewResctrl } from "./resctrl.ts";
import { tellDropped } from "./tell_dropped.ts";
import { withVariables } from "./variables.ts";

/** The spec version that state and hooks are told. */
export const OCI_VERSION = "1.3.0";

export interface CreateOptions {
  readonly id: string;
  readonly bundle: string;
  readonly configFile: string;
  readonly pidFile: string | null;
  readonly consoleSocket: string | null;
  readonly pidfdSocket: string | null;
  readonly noPivot: boolean;
  readonly noNewKeyring: boolean;
  readonly preserveFds: number;
}

/** Creates a container and leaves it waiting for start. */
export async function create(context: Context, options: CreateOptions): Promise<void> {
  using _created = await createContainer(context, options, null);
}

/** Gives a foreground command its terminal; called when the process asks for one. */
export type OpenForeground = (size: "given" | "ours") => ForegroundTerminal;

/**
 * The same for a caller that goes on with it: the lock is the caller's to dispose of.
 *
 * @param foreground null for a command that ends before the container does
 */
export async function createContainer(
  context: Context,
  options: CreateOptions,
  foreground: OpenForeground | null,
): Promise<CreatedContainer> {
  const id = parseContainerId(options.id);
  const activated = activation((name) => processInfo().env(name), Deno.pid);
  const preserved = preservedFds(options.preserveFds, activated.count);
  const manager = managerSocket();
  const bundle = loadBundle(options.bundle, options.configFile);
  const variables = [...activated.variables, ...manager === null ? [] : [NOTIFY_VARIABLE]];
  const loaded = { ...bundle, spec: withVariables(bundle.spec, variables) };
  const { consoleSocket, pidfdSocket } = options;
  const { terminal = false, consoleSize = null } = loaded.spec.process ?? {};
  checkTerminal(context, { terminal, detach: foreground === null, consoleSocket });
  let keepTerminal: TerminalKeeper | null = null;
  if (consoleSocket !== null) keepTerminal = sendTo(consoleSocket);
  else if (terminal && foreground !== null) {
    keepTerminal = foreground(consoleSize === null ? "ours" : "given").keep;
  }
  return createLoaded(context, {
    id,
    loaded,
    preservedFds: preserved,
    pidFile: options.pidFile,
    noPivot: options.noPivot ? noPivot(loaded.spec, options.configFile) : null,
    pidfdSockets: pidfdSockets(pidfdSocket, loaded.spec.annotations),
    manager,
    keepTerminal,
    newKeyring: !options.noNewKeyring,
    hooks: await hooksOf(context, loaded),
    seccomp: await seccompOf(loaded.spec, loaded.facts, options.configFile),
    systemd: await systemdOf(context),
    resctrl: await resctrlOf(loaded.spec),
    mappingTool: await mappingToolOf(context, loaded),
  });
}

/** The hooks of `create`; null when there are none, which is the rule. */
async function hooksOf(context: Context, loaded: LoadedBundle): Promise<CreateHooks | null> {
  if (listsWithHooks(loaded.spec.hooks, CREATE_HOOKS).length === 0) return null;
  const { hooksOfCreate } = await import("./create_hooks.ts");
  return await hooksOfCreate(context, loaded);
}

/** Who makes the cgroups; null where the runtime does it itself. */
export async function systemdOf({ cgroupManager }: Context): Promise<LoadedContainer["systemd"]> {
  if (cgroupManager !== "systemd") return null;
  return (await import("./systemd_cgroup.ts")).systemdCgroup;
}

/** How the class of its cache and memory bandwidth is worked out; null for a container that asks for none. */
export async function resctrlOf({ config }: ValidSpec): Promise<LoadedContainer["resctrl"]> {
  const intelRdt = config.linux?.intelRdt;
  if (intelRdt === undefined) return null;
  const { newResctrl } = await import("./resctrl.ts");
  return (id) => newResctrl(id, intelRdt);
}

/** For ids that are not the caller's own, or that a user namespace around has; null where no new one is mapped, which is the rule. */
export async function mappingToolOf(
  context: Context,
  { spec: { uidMappings, gidMappings, namespaces }, facts }: Pick<LoadedBundle, "spec" | "facts">,
): Promise<MappingTool | null> {
  const { euid, egid, inUserNamespace } = facts;
  const maps = namespaces.some(({ type, path }) => type === "user" && path === null);
  if (!maps || euid === 0 && !inUserNamespace) return null;
  if (isOwnId(uidMappings, euid) && isOwnId(gidMappings, egid)) return null;
  const { mappingTool } = await import("./mapping_tool.ts");
  return mappingTool(context, facts);
}

export interface LoadedContainer {
  readonly id: ContainerId;
  readonly loaded: LoadedBundle;
  /** How many descriptors from 3 on its process keeps. */
  readonly preservedFds: number;
  /** As the user gave it. */
  readonly pidFile: string | null;
  readonly noPivot: NoPivot | null;
  /** Who is sent a pidfd of the init, as the user gave them. */
  readonly pidfdSockets: readonly string[];
  /** The socket of a service manager that is told when the container is ready; null when there is none to be told. */
  readonly manager: string | null;
  /** Null for a process without a terminal. */
  readonly keepTerminal: TerminalKeeper | null;
  /** Whether the process gets a session keyring of the container's own, or keeps the caller's. */
  readonly newKeyring: boolean;
  /** Null where there are none to run. */
  readonly hooks: CreateHooks | null;
  /** Null where it has no filter. */
  readonly seccomp: Seccomp | null;
  /** Works out the cgroups where systemd makes them; null where the runtime does. */
  readonly systemd:
    | ((context: Context, spec: ValidSpec, id: ContainerId, facts: HostFacts) => NewCgroup)
    | null;
  readonly resctrl: ((id: ContainerId) => NewResctrl) | null;
  readonly mappingTool: MappingTool | null;
}

/** Creates a container from a bundle that has been checked; what fails leaves nothing. */
export function createLoaded(context: Context, container: LoadedContainer): CreatedContainer {
  const { id, loaded, hooks } = container;
  if (loaded.spec.process === null) {
    throw new StateError("Cannot create container: config.json has no process property");
  }
  requireKernel(loaded.facts);
  return withRollback((undo) => {
    if (hooks !== null) undo(() => hooks.undone());
    const { paths, lock } = claimFolder(context, id, undo);
    const made = cgroupOf(context, container);
    const { driver: cgroup } = made;
    const limits = newLimits(context, loaded.spec, made);
    const resctrl = container.resctrl?.(id) ?? null;
    const record = firstRecord(container, made, resctrl);
    // On record before it is made: whoever finds a half-made container can take all of it away.
    writeRecord(paths.dir, record);
    undo(() => cgroup.remove());
    undo(() => unmountShared(record));
    cgroup.create();
    resctrl?.make();
    undo(() => resctrl?.remove());
    tellDropped(context, made, loaded.spec);
    // What a hook has started in the container may outlive it.
    if (hooks !== null) undo(() => killAll(cgroup, SIGNALS.SIGKILL));
    const settleIn = settleCgroup(context, container, made, limits);
    const settle = (init: Pid): void => {
      settleIn(init);
      resctrl?.join(init);
    };
    const running = runLimitedInit(context, { container, paths, made, record, undo, settle });
    if (container.pidFile !== null) writePidFile(resolveUserPath(container.pidFile), running.pid);
    return {
      record: running,
      paths,
      init: running.pid as Pid,
      cgroup,
      manager: container.manager,
      [Symbol.dispose]: () => lock[Symbol.dispose](),
    };
  });
}

/**
 * Sets up the container's cgroup: at once, before anybody is inside, but where systemd makes it around the init; and gives what
 * is left to do when the init is there.
 */
export function settleCgroup(
  { log }: Context,
  { loaded: { spec, facts } }: LoadedContainer,
  { driver, facts: cgroups, systemd, isRootless: mayFail, isDisabled }: NewCgroup,
  limits: NewLimits,
): (init: Pid) => void {
  if (isDisabled) return () => {};
  const setUp = (): void => {
    const control = deviceControl(spec, cgroups);
    if (!mayFail) applyDeviceControl(control);
    else {
      const failure = tryDeviceControl(control);
      if (failure !== null) log.log("debug", `device rules are not in force: ${failure}`);
    }
    requireCgroups(limits, driver);
    applyLimits(limits.empty);
    delegate(spec, cgroups, facts);
  };
  if (systemd === null) setUp();
  return (init) => {
    if (systemd !== null) {
      systemd.adopt(init, [...limits.empty, ...limits.populated]);
      setUp();
    }
    applyLimits(limits.populated);
  };
}

export function cgroupOf(context: Context, { id, loaded, systemd }: LoadedContainer): NewCgroup {
  const { spec, facts } = loaded;
  const made = context.cgroupManager === "disabled"
    ? noCgroup(id)
    : systemd?.(context, spec, id, facts) ?? newCgroup(spec, id, isRootless(context, facts));
  requireDelegation(spec, made);
  return made;
}

/** The oldest Linux whose calls the init program is made of: mount_setattr(2) came with it. */
const OLDEST_KERNEL = [5, 12] as const;

function requireKernel({ kernel: [major, minor] }: HostFacts): void {
  const [oldest, oldestMinor] = OLDEST_KERNEL;
  if (major > oldest || (major === oldest && minor >= oldestMinor)) return;
  throw new HostError(
    `Cannot create container on Linux ${major}.${minor}: ${oldest}.${oldestMinor} or newer is needed`,
  );
}

export function firstRecord(
  { id, loaded, newKeyring }: LoadedContainer,
  { driver: cgroup, systemd }: NewCgroup,
  resctrl: NewResctrl | null,
): ContainerRecord {
  const { bundle, spec } = loaded;
  return {
    version: 1,
    id,
    ociVersion: OCI_VERSION,
    bundle,
    rootfs: spec.root.kind === "directory" ? spec.root.path : spec.root.lower,
    created: rfc3339(realTime()),
    annotations: spec.annotations,
    pid: 0,
    startTime: "",
    cgroups: cgroup.directories,
    cgroupCreated: cgroup.missing(),
    freezer: cgroup.freezer,
    systemd: systemd?.unit ?? null,
    resctrl: resctrl?.plan.group ?? null,
    sharedMount: sharedMount(spec),
    creating: false,
    hooks: listsWithHooks(spec.hooks, LATER_HOOKS),
    keyring: newKeyring ? sessionKeyringName(id) : "",
    streams: spec.process?.terminal === true ? [] : ownStreams(),
  };
}

/** Without a mount namespace of its own the container's root is mounted where everybody sees it. */
function sharedMount({ root, namespaces }: ValidSpec): string {
  const own = namespaces.some(({ type }) => type === "mount");
  return own || root.kind !== "directory" ? "" : root.path;
}

interface InitRun {
  readonly container: LoadedContainer;
  readonly paths: RecordPaths;
  readonly made: NewCgroup;
  readonly record: ContainerRecord;
  readonly undo: Undo;
  /** Called when the init is on record, before it does anything: the rest of what its cgroup needs. */
  readonly settle: (init: Pid) => void;
}

function runLimitedInit(context: Context, run: InitRun): ContainerRecord {
  try {
    return runInit(context, run);
  } catch (cause) {
    throw explainOom(cause, run.record.cgroups);
  }
}

/** Starts the init and waits until it is ready; gives the record with its pid, which is on disk by then. */
function runInit(context: Context, run: InitRun): ContainerRecord {
  const { container, paths, made, undo } = run;
  const { hooks, seccomp, loaded: { spec, facts, links } } = container;
  const input: PlanInput = {
    spec,
    facts,
    cgroups: made.systemd === null ? made.facts : entersNothing(made.facts),
    links,
    noPivot: container.noPivot,
    preservedFds: container.preservedFds,
    notify: container.manager !== null,
    filter: seccomp?.filter ?? null,
    keyring: run.record.keyring === "" ? null : run.record.keyring,
  };
  using notify = input.notify ? shareNotifyFolder(paths) : null;
  let record = run.record;
  startInit(context, {
    input,
    paths,
    undo,
    keepTerminal: container.keepTerminal,
    mappingTool: container.mappingTool,
    notify,
    meanwhile: () => writeConfig(paths, container.loaded.text),
    place: (init) => {
      const startTime = readProcess(init)?.startTime ?? "";
      const { directories, freezer } = made.driver;
      // By now it is known which of them there are.
      const cgroups = { cgroups: directories, freezer };
      record = { ...record, ...cgroups, pid: init, startTime, creating: hooks !== null };
      writeRecord(paths.dir, record);
      run.settle(init);
      sendPidfd(init, container.pidfdSockets, "standard");
    },
    delegate: (init) => enterDelegated(init, container.loaded, made),
    hooks: () => hooks?.run(record, processFacts(made.facts, spec)),
    seccomp,
    listener: (init, _step, sent) =>
      seccomp?.sendListener(init, sent, { record, status: "creating" }),
  });
  if (hooks === null) return record;
  record = { ...record, creating: false };
  writeRecord(paths.dir, record);
  return record;
}
