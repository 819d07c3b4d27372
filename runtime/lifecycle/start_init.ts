import type { Pid } from "syscalls/abi/brand.ts";
import { openFlags } from "syscalls/abi/open.ts";
import { openFile } from "syscalls/libc/files.ts";
import type { OwnedFd } from "syscalls/libc/owned_fd.ts";
import type { Logger } from "runtime/base/log.ts";
import type { RecordPaths } from "runtime/base/paths.ts";
import type { Duties } from "runtime/launch/converse.ts";
import { stepWarning } from "runtime/launch/explain.ts";
import { endProcess, launch } from "runtime/launch/launch.ts";
import { makeStartGate } from "runtime/launch/start_gate.ts";
import { planCreate } from "runtime/plan/create.ts";
import type { PlanInput } from "runtime/plan/input.ts";
import type { Plan } from "runtime/plan/plan.ts";
import type { Context } from "./context.ts";
import { copyUp } from "./copy_up.ts";
import { moveIntoCgroup, setLimits, setOomScore } from "./duties.ts";
import { type MappingTool, writeIdMaps } from "./id_maps.ts";
import type { Seccomp } from "./seccomp.ts";
import { MountIdmaps } from "./idmap.ts";
import { inheritMode } from "./inherit_mode.ts";
import { makePlace } from "./make_place.ts";
import { NetDevices } from "./net_devices.ts";
import type { Undo } from "./rollback.ts";
import { takeTerminal, type TerminalKeeper } from "./terminal.ts";

export interface InitStart {
  readonly input: PlanInput;
  readonly paths: RecordPaths;
  readonly undo: Undo;
  /** Called as soon as the init exists, before it does anything. */
  readonly place: (init: Pid) => void;
  /** Called while the init builds its root. */
  readonly meanwhile: () => void;
  /** Called when the init is about to switch its root, if there are hooks for that moment. */
  readonly hooks: () => void;
  /** Called when the init's cgroup namespace is made, if a cgroup is delegated to it. */
  readonly delegate: (init: Pid) => void;
  /** The container's filter; null without one. */
  readonly seccomp: Seccomp | null;
  /** Hands on the listener of the init's filter. */
  readonly listener: Duties["listener"];
  readonly keepTerminal: TerminalKeeper | null;
  /** For ids that the caller may not map; null where there are none. */
  readonly mappingTool: MappingTool | null;
  /** The mount of the notify socket's folder; null without one. */
  readonly notify: OwnedFd | null;
}

/** Plans, compiles and runs the init; returns when the container is created. */
export function startInit(context: Context, start: InitStart): void {
  const { input, paths, undo, notify } = start;
  const plan = planCreate(input);
  start.seccomp?.check(plan);
  if (input.spec.root.kind !== "directory") Deno.mkdirSync(paths.scratch, { mode: 0o700 });
  const { arch } = input.facts;
  const { log } = context;
  logBeginning(log, plan);
  for (const remark of start.seccomp?.remarks ?? []) log.log("debug", remark);
  using gate = makeStartGate(paths, arch);
  using opened = openHostFiles(plan, input);
  using idmaps = new MountIdmaps(plan, input);
  const { netDevices } = plan.host;
  const devices = netDevices.length === 0 ? null : new NetDevices(netDevices);
  if (devices !== null) undo(() => devices.moveBack());
  const init = launch({
    plan,
    arch,
    gate,
    target: null,
    stdio: null,
    notify,
    cgroup: opened.cgroup,
    namespaces: opened.namespaces,
    duties: initDuties(log, plan, start, { devices, idmaps }),
  });
  undo(() => void endProcess(init));
  log.log("debug", "init: closing the pipe to signal completion");
  if (devices === null) return;
  devices[Symbol.dispose]();
  // Before the init is ended: what is left of the rollback then still reaches the devices.
  undo(() => devices.open(init));
}

function initDuties(
  log: Logger,
  plan: Plan,
  {
    input: { facts },
    place,
    hooks,
    delegate,
    listener,
    keepTerminal,
    mappingTool: tool,
    meanwhile,
  }: InitStart,
  { devices, idmaps }: { devices: NetDevices | null; idmaps: MountIdmaps },
): Duties {
  return {
    idMaps: (process) => writeIdMaps(process, plan.host, "/linux", { facts, tool }),
    place: (process) => {
      log.log("debug", `child process in init(): pid ${process}`);
      place(process);
      moveIntoCgroup(process, plan.host);
      setOomScore(log, process, plan.host);
      devices?.move(process);
    },
    copyUp,
    placeDirectory: (process, step, sent) =>
      makePlace(process, plan.steps[step], { kind: "directory", sent }),
    placeFile: (process, step, sent) =>
      makePlace(process, plan.steps[step], { kind: "file", sent }),
    inheritMode,
    idmap: (process, step, sent) => idmaps.map(process, step, sent),
    hooks,
    delegate,
    listener,
    terminal: (_process, _step, sent) => {
      if (keepTerminal !== null) takeTerminal(sent, plan.host, keepTerminal);
    },
    limits: (process) => setLimits(process, plan.host),
    warn: (step, errno) => log.log("warning", stepWarning(plan, step, errno)),
    meanwhile,
  };
}

/** Warnings, and the words that callers of runc look for in a debug log. Of its copies of the executable a memory file needs none. */
function logBeginning(log: Logger, { steps, warnings }: Plan): void {
  for (const warning of warnings) log.log("warning", warning);
  log.log("debug", `nsexec container setup: ${steps.length} steps`);
  for (const copy of ["/proc/self/exe clone", "overlayfs for sealed /proc/self/exe"]) {
    log.log("debug", `runc exeseal: using ${copy}: not needed, the init is a sealed memfd`);
  }
}

interface HostFiles extends Disposable {
  readonly cgroup: OwnedFd | null;
  readonly namespaces: readonly OwnedFd[];
}

/** What the program gets as descriptors: the cgroup to be born in, and the namespaces to join. */
function openHostFiles(plan: Plan, { facts }: PlanInput): HostFiles {
  const O = openFlags(facts.arch);
  using stack = new DisposableStack();
  const { cloneInto } = plan.host;
  const cgroup = cloneInto === null
    ? null
    : stack.use(openFile(cloneInto, O.of("O_RDONLY", "O_DIRECTORY")));
  const namespaces = plan.host.namespaces.map(({ path }) =>
    stack.use(openFile(path, O.of("O_RDONLY")))
  );
  const kept = stack.move();
  return { cgroup, namespaces, [Symbol.dispose]: () => kept.dispose() };
}
