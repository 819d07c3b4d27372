import type { ContainerId } from "runtime/base/container_id.ts";
import { compileInit } from "runtime/compile/init/program.ts";
import type { ValidSpec } from "runtime/spec/valid.ts";
import { HOOK_NAMES, type HookName } from "runtime/spec/words/hooks.ts";
import { planCreate } from "runtime/plan/create.ts";
import { sessionKeyringName } from "runtime/plan/keyring.ts";
import type { HostDuties } from "runtime/plan/plan.ts";
import { type ListedStep, listSteps } from "syscalls/native/listing.ts";
import { deviceControl, type NewCgroup, newCgroup, NO_DEVICE_CONTROL } from "./cgroup.ts";
import type { Context } from "./context.ts";
import { readSpec } from "./load.ts";
import { UNSUPPORTED, unsupportedPaths } from "./unsupported.ts";

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

/** Plans and compiles as `create` does, and lists what came out. */
export function explain(_context: Context, options: ExplainOptions): Explanation {
  const { spec, facts, links } = readSpec(options.bundle, options.configFile);
  const cgroup = newCgroup(spec.cgroupsPath, NO_ID, facts);
  const plan = planCreate({
    spec,
    facts,
    cgroups: cgroup.facts,
    links,
    preservedFds: 0,
    noPivot: null,
    notify: false,
    keyring: sessionKeyringName(NO_ID),
  });
  const program = compileInit(plan, facts.arch, {
    sync: NO_FD,
    gate: NO_FD,
    outcome: NO_FD,
    target: null,
    stdio: null,
    notify: null,
    cgroup: NO_FD,
    namespaces: plan.host.namespaces.map(() => NO_FD),
  });
  const noControl = deviceControl(spec, cgroup.facts).kind === "missing";
  return {
    steps: listSteps(program),
    host: [...cgroupActions(spec, cgroup), ...hostActions(plan.host), ...hookActions(spec)],
    warnings: [
      ...plan.warnings,
      ...unsupportedPaths(spec).map((path) => `${path}: ${UNSUPPORTED}, so create refuses it`),
      ...noControl ? [`/linux/resources/devices: ${NO_DEVICE_CONTROL}, so create refuses it`] : [],
    ],
  };
}

/** What is made of the container's cgroups before it has a process. */
function cgroupActions(spec: ValidSpec, { driver, facts }: NewCgroup): HostAction[] {
  const actions: HostAction[] = driver.missing().map((dir) => ({
    text: `create cgroup ${JSON.stringify(dir)}`,
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
  return actions;
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
    const text = `write ${duties.oomScoreAdj} to /proc/PID/oom_score_adj`;
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
