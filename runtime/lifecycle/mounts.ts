import { pid } from "syscalls/abi/brand.ts";
import { waitPid } from "syscalls/libc/process.ts";
import { StateError } from "runtime/base/errors.ts";
import { readUserFile } from "runtime/host/bundle.ts";
import { probeHost } from "runtime/host/probe.ts";
import { stepWarning } from "runtime/launch/explain.ts";
import { launch } from "runtime/launch/launch.ts";
import { OWES_NOTHING } from "runtime/launch/owes_nothing.ts";
import type { ExecInput } from "runtime/plan/exec.ts";
import { planMounts, planUnmounts } from "runtime/plan/hot_mounts.ts";
import type { Plan } from "runtime/plan/plan.ts";
import { parseConfig, parseMounts } from "runtime/spec/parse.ts";
import { validate } from "runtime/spec/validate.ts";
import type { Context } from "./context.ts";
import { copyUp } from "./copy_up.ts";
import { joinedNamespaces } from "./exec_input.ts";
import { openInit } from "./init_pidfd.ts";
import { MountIdmaps } from "./idmap.ts";
import { inheritMode } from "./inherit_mode.ts";
import { inspectContainer, type InspectedContainer } from "./inspect.ts";
import { makePlace } from "./make_place.ts";
import { type MountLine, parseMountinfo } from "./mountinfo.ts";

/** Mounts what a file lists into a container that is there. */
export function addMounts(context: Context, id: string, file: string): void {
  change(context, id, file, planMounts);
}

/** Takes away what is mounted at the destinations that a file lists. */
export function removeMounts(context: Context, id: string, file: string): void {
  change(context, id, file, planUnmounts);
}

/** What is mounted in a container, as its init sees it. */
export function listMounts(context: Context, id: string): MountLine[] {
  const { record } = alive(context, id);
  return parseMountinfo(Deno.readTextFileSync(`/proc/${record.pid}/mountinfo`));
}

function change(
  context: Context,
  id: string,
  file: string,
  planner: (input: ExecInput) => Plan,
): void {
  const container = alive(context, id);
  const input = inputOf(container, file);
  if (!input.joined.includes("mount")) {
    throw new StateError("Cannot change mounts: the container has no mount namespace of its own");
  }
  using target = openInit(container, "container not running");
  const plan = planner(input);
  const { log } = context;
  for (const warning of input.spec.warnings) log.log("warning", warning);
  using idmaps = new MountIdmaps(plan, input);
  const init = pid(container.record.pid);
  const process = launch({
    plan,
    arch: input.facts.arch,
    gate: null,
    target,
    stdio: null,
    notify: null,
    cgroup: null,
    namespaces: [],
    duties: {
      ...OWES_NOTHING,
      copyUp,
      inheritMode,
      idmap: (_process, step, sent) => idmaps.map(init, step, sent),
      placeDirectory: (process, step, sent) =>
        makePlace(process, plan.steps[step], { kind: "directory", sent }),
      placeFile: (process, step, sent) =>
        makePlace(process, plan.steps[step], { kind: "file", sent }),
      warn: (step, errno) => log.log("warning", stepWarning(plan, step, errno)),
    },
  });
  waitPid(process, { block: true });
}

function alive(context: Context, id: string): InspectedContainer {
  const container = inspectContainer(context, id);
  if (container.status === "stopped") throw new StateError("container not running");
  return container;
}

/** The container's own configuration, with the file's mounts in place of its own. */
function inputOf({ record, paths }: InspectedContainer, file: string): ExecInput {
  const facts = probeHost();
  const config = parseConfig(Deno.readTextFileSync(paths.config), paths.config);
  const mounts = parseMounts(readUserFile(file), file);
  const { bundle } = record;
  const context = { bundle, fileName: file, facts, hasSeccompReceiver: true };
  const spec = validate({ ...config, mounts }, context);
  return {
    spec,
    facts,
    cgroups: { unified: false, hierarchies: [], tasks: [], unifiedDirectory: null },
    links: new Map(),
    keyring: null,
    noPivot: null,
    preservedFds: 0,
    notify: false,
    filter: null,
    joined: joinedNamespaces(pid(record.pid), spec),
  };
}
