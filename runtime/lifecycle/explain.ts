import type { ContainerId } from "runtime/base/container_id.ts";
import { HostError, StateError } from "runtime/base/errors.ts";
import type { HostFacts } from "runtime/base/facts.ts";
import type { FileValue } from "runtime/cgroups/limits/limit_write.ts";
import type { LimitPlan, PlacedWrite } from "runtime/cgroups/limits/plan.ts";
import type { Descriptors } from "runtime/compile/init/lowering.ts";
import { compileInit } from "runtime/compile/init/program.ts";
import { DELEGATED } from "runtime/spec/checks/cgroup_names.ts";
import type { ValidSpec } from "runtime/spec/valid.ts";
import { HOOK_NAMES, type HookName } from "runtime/spec/words/hooks.ts";
import { planCreate } from "runtime/plan/create.ts";
import { sessionKeyringName } from "runtime/plan/keyring.ts";
import type { HostDuties, Plan } from "runtime/plan/plan.ts";
import type { Step } from "runtime/plan/step.ts";
import { type ListedStep, listSteps } from "syscalls/native/listing.ts";
import { delegationOf } from "./cgroup_owner.ts";
import {
  deviceControl,
  entersNothing,
  isRootless,
  type NewCgroup,
  newCgroup,
  NO_DEVICE_CONTROL,
} from "./cgroup.ts";
import type { Context } from "./context.ts";
import { delegatedPlace, delegationProblem } from "./delegated_cgroup.ts";
import { noCgroup, unruledDevices } from "./no_cgroup.ts";
import { newResctrl } from "./resctrl.ts";
import { systemdCgroup } from "./systemd_cgroup.ts";
import { seccompOf } from "./filter.ts";
import { readSpec } from "./load.ts";
import { limitsOf } from "./limits.ts";

/** What `create` would do, without doing any of it. */
export interface Explanation {
  /** The init program, step by step. */
  readonly steps: readonly ListedStep[];
  /** What the host half does meanwhile. */
  readonly host: readonly HostAction[];
  readonly warnings: readonly string[];
}

export interface HostAction {
  readonly text: string;
  /** JSON pointer into config.json. */
  readonly origin: string;
}

export interface ExplainOptions {
  readonly bundle: string;
  readonly configFile: string;
}

/** Stands for the id of a container that is not made. */
const NO_ID = "CONTAINER" as ContainerId;

/** Descriptors appear in a listing by name only, but the structs that hold them want a number without a sign. */
const NO_FD = 0;

function noDescriptors(plan: Plan): Descriptors {
  return {
    sync: NO_FD,
    gate: NO_FD,
    outcome: NO_FD,
    target: null,
    stdio: null,
    notify: null,
    cgroup: NO_FD,
    namespaces: plan.host.namespaces.map(() => NO_FD),
  };
}

/**
 * Plans and compiles as `create` does, and lists what came out.
 *
 * @throws {StateError} when the configuration has no process: there is nothing to make
 */
export async function explain(context: Context, options: ExplainOptions): Promise<Explanation> {
  const { spec, facts, links } = readSpec(options.bundle, options.configFile);
  requireProcess(spec, options.configFile);
  const cgroup = cgroupOf(context, spec, facts);
  const limits = limitsOf(spec, cgroup);
  const seccomp = await seccompOf(spec, facts, options.configFile);
  const plan = planCreate({
    spec,
    facts,
    cgroups: cgroup.systemd === null ? cgroup.facts : entersNothing(cgroup.facts),
    links,
    preservedFds: 0,
    noPivot: null,
    notify: false,
    filter: seccomp?.filter ?? null,
    keyring: sessionKeyringName(NO_ID),
  });
  const program = compileInit(plan, facts.arch, noDescriptors(plan));
  const resctrl = resctrlActions(spec);
  const delegation = delegationProblem(spec, cgroup);
  const unruled = cgroup.isDisabled ? unruledDevices(spec) : null;
  const noControl = !cgroup.isRootless && deviceControl(spec, cgroup.facts).kind === "missing";
  return {
    steps: listSteps(program),
    host: [
      ...cgroupActions(spec, cgroup, limits),
      ...resctrl.actions,
      ...hostActions(plan.host),
      ...plan.steps.flatMap(idmapActions),
      ...hookActions(spec),
    ],
    warnings: [
      ...plan.warnings,
      ...(limits?.findings.warnings ?? []),
      ...[...limits?.findings.problems ?? [], ...delegation === null ? [] : [delegation]].map((
        { path, text },
      ) => `${path}: ${text}, so create refuses it`),
      ...unruled === null ? [] : [unruled],
      ...resctrl.warnings,
      ...noControl ? [`/linux/resources/devices: ${NO_DEVICE_CONTROL}, so create refuses it`] : [],
    ],
  };
}

function cgroupOf(context: Context, spec: ValidSpec, facts: HostFacts): NewCgroup {
  switch (context.cgroupManager) {
    case "disabled":
      return noCgroup(NO_ID);
    case "systemd":
      return systemdCgroup(context, spec, NO_ID, facts);
    case "cgroupfs":
      return newCgroup(spec, NO_ID, isRootless(context, facts));
  }
}

function requireProcess({ process }: ValidSpec, configFile: string): void {
  if (process !== null) return;
  throw new StateError(`Cannot explain ${configFile}: it has no process property`);
}

/** What is made of the container's cgroups before it has a process. */
function cgroupActions(spec: ValidSpec, cgroup: NewCgroup, limits: LimitPlan | null): HostAction[] {
  const { driver, facts, systemd } = cgroup;
  const unit = systemd?.unit.unit ?? null;
  const verbFor = (dir: string): string =>
    unit !== null && dir.endsWith(`/${unit}`) ? `have systemd start unit ${unit} as` : "create";
  const actions: HostAction[] = driver.missing().map((dir) => ({
    text: `${verbFor(dir)} cgroup ${JSON.stringify(dir)}`,
    origin: "/linux/cgroupsPath",
  }));
  const origin = "/linux/resources/devices";
  const control = deviceControl(spec, facts);
  if (control.kind === "writes") {
    for (const { path, value } of control.writes) {
      actions.push({ text: `write ${JSON.stringify(value)} to ${JSON.stringify(path)}`, origin });
    }
  }
  if (control.kind === "program") {
    const text = `attach a program of ${control.rules.length} device rules to ${
      JSON.stringify(control.cgroup)
    }`;
    actions.push({ text, origin });
  }
  actions.push(...(limits?.writes ?? []).map(limitAction));
  const delegation = delegationOf(spec, facts);
  if (delegation !== null) {
    const text = `give ${JSON.stringify(delegation.directory)} to user ${delegation.owner}`;
    actions.push({ text, origin: "/process/user/uid" });
  }
  const delegated = delegatedPlace(spec, cgroup);
  if (delegated !== null) {
    const text = `create cgroup ${
      JSON.stringify(delegated.dir)
    } and move the init into it, once its cgroup namespace is made`;
    actions.push({ text, origin: `/annotations/${DELEGATED}` });
  }
  return actions;
}

/** What is made of the container's class of cache and memory bandwidth. */
function resctrlActions({ config }: ValidSpec): { actions: HostAction[]; warnings: string[] } {
  const intelRdt = config.linux?.intelRdt;
  if (intelRdt === undefined) return { actions: [], warnings: [] };
  try {
    const { group, missing, lines } = newResctrl(NO_ID, intelRdt).plan;
    const texts = [
      ...missing.map((directory) => `create resctrl group ${JSON.stringify(directory)}`),
      ...lines.map((line) =>
        `write ${JSON.stringify(line)} to ${JSON.stringify(`${group.directory}/schemata`)}`
      ),
      `move the init into resctrl group ${JSON.stringify(group.directory)}`,
    ];
    const origin = "/linux/intelRdt";
    return { actions: texts.map((text) => ({ text, origin })), warnings: [] };
  } catch (cause) {
    if (!(cause instanceof HostError)) throw cause;
    return { actions: [], warnings: [`${cause.message}, so create refuses it`] };
  }
}

function limitAction({ place, file, value, otherwise, origin }: PlacedWrite): HostAction {
  const write = (it: FileValue): string =>
    `write ${JSON.stringify(it.value)} to ${JSON.stringify(`${place.dir}/${it.file}`)}`;
  const first = write({ file, value });
  if (otherwise === undefined) return { text: first, origin };
  const second = otherwise === "nothing" ? "where there is one" : `or else ${write(otherwise)}`;
  return { text: `${first}, ${second}`, origin };
}

function hostActions(duties: HostDuties): HostAction[] {
  const actions: HostAction[] = [];
  for (const { path, type, origin } of duties.namespaces) {
    actions.push({ text: `open ${type} namespace ${JSON.stringify(path)}`, origin });
  }
  for (const kind of ["uid", "gid"] as const) {
    for (const { containerID, hostID, size } of duties[`${kind}Mappings`]) {
      const text =
        `map ${kind}s ${containerID}+${size} of the container to ${hostID}+${size} of the host`;
      actions.push({ text, origin: `/linux/${kind}Mappings` });
    }
  }
  if (duties.moveInto !== null) {
    const text = `move the init into cgroup ${JSON.stringify(duties.moveInto)}`;
    actions.push({ text, origin: "/linux/cgroupsPath" });
  }
  for (const { hostName, name, origin } of duties.netDevices) {
    const text = `move network device ${JSON.stringify(hostName)} into the container as ${
      JSON.stringify(name)
    }`;
    actions.push({ text, origin });
  }
  if (duties.oomScoreAdj !== null) {
    const text = `write ${duties.oomScoreAdj.value} to /proc/PID/oom_score_adj`;
    actions.push({ text, origin: "/process/oomScoreAdj" });
  }
  for (const { type, soft, hard, origin } of duties.rlimits) {
    actions.push({ text: `set ${type} of the init to ${soft}:${hard}`, origin });
  }
  return actions;
}

/** What a hook's moment and place are. */
const HOOK_PLACES: Readonly<Record<HookName, string>> = {
  prestart: "while the init waits",
  createRuntime: "while the init waits",
  createContainer: "while the init waits, in the container's namespaces",
  startContainer: "at start, as the container's process",
  poststart: "after start",
  poststop: "after delete",
};

function hookActions({ hooks }: ValidSpec): HostAction[] {
  return HOOK_NAMES.flatMap((name) =>
    hooks[name].map(({ path, origin }) => ({
      text: `run ${name} hook ${JSON.stringify(path)} ${HOOK_PLACES[name]}`,
      origin,
    }))
  );
}

/** What is done for an id-mapped mount before it is attached. */
function idmapActions(step: Step): HostAction[] {
  if (step.kind !== "mountBind" || step.idmap === null) return [];
  const { source, destination, idmap, origin } = step;
  const ranges = (["uid", "gid"] as const).flatMap((kind) =>
    idmap[`${kind}Mappings`].map(({ containerID, hostID, size }) =>
      `${kind}s ${containerID}+${size} to ${hostID}+${size} of the host`
    )
  );
  const below = idmap.deep ? " and what is mounted below it" : "";
  const how = ranges.length === 0 ? "as the container's user namespace does" : ranges.join(", ");
  const names = `${JSON.stringify(source)}${below} on ${JSON.stringify(destination)}`;
  return [{ text: `map the ids of ${names}: ${how}`, origin }];
}
