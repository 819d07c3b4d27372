import type { NamespaceType } from "runtime/spec/valid.ts";
import { finalAffinitySteps, initialAffinitySteps } from "./affinity.ts";
import { beginSteps, closeOpenedStep } from "./begin.ts";
import { capabilityWarnings } from "./capabilities.ts";
import {
  changedUmaskSteps,
  executeAtOnceSteps,
  identitySteps,
  limitsFromOutside,
  limitSteps,
  oomScore,
} from "./identity.ts";
import type { PlanInput } from "./input.ts";
import {
  forkJoinedSteps,
  joinCgroupSteps,
  joinProcessSteps,
  newSessionStep,
} from "./namespaces.ts";
import { joinKeyringSteps } from "./keyring.ts";
import { keepHostProcSteps, keyringLabelSteps, processLabelSteps } from "./labels.ts";
import { schedulingSteps } from "./scheduling.ts";
import type { Plan } from "./plan.ts";
import type { Step } from "./step.ts";
import { terminalRequest, terminalSteps } from "./terminal.ts";

/** All that the plan of one more process in a container is made from: `spec.process` is that process. */
export interface ExecInput extends PlanInput {
  /** The namespaces in which the container's init differs from this process. */
  readonly joined: readonly NamespaceType[];
}

/** The order of everything `exec` does inside. */
function execSteps(input: ExecInput): Step[] {
  return [
    ...beginSteps(input),
    // Which CPUs the way to the container may use; a cpuset of the container's is not yet in force.
    ...initialAffinitySteps(input),
    // The files of the cgroups are the host's.
    ...joinCgroupSteps(input),
    // The container's own /proc may be anything.
    ...keepHostProcSteps(input),
    ...joinProcessSteps(input.joined),
    ...forkJoinedSteps(input.cgroups.unifiedDirectory !== null),
    ...finalAffinitySteps(input),
    newSessionStep(),
    ...keyringLabelSteps(input),
    ...joinKeyringSteps(input),
    ...joinedRootSteps(input),
    ...terminalSteps(input),
    ...changedUmaskSteps(input),
    ...processLabelSteps(input),
    // CVE-2024-21626: from here on paths are looked up that the image may have written.
    closeOpenedStep(input),
    // A low limit must not disturb the steps before.
    ...limitSteps(input),
    ...schedulingSteps(input),
    ...identitySteps(input),
    ...executeAtOnceSteps(input),
  ];
}

/** The root of the mount namespace is the container's; one that has none of its own has changed its root only. */
function joinedRootSteps({ spec: { root }, joined }: ExecInput): Step[] {
  const own = joined.includes("mount") || root.kind !== "directory";
  const path = own ? "/" : root.path;
  const label = `open the container's root ${JSON.stringify(path)}`;
  const steps: Step[] = [{ kind: "openJoinedRoot", path, label, origin: "/root/path" }];
  if (own) return steps;
  const change = "change root to the rootfs";
  return [...steps, { kind: "changeRoot", label: change, origin: "/root/path" }];
}

/**
 * What `exec` will do for this process.
 *
 * @throws {RangeError} when there is no process: the caller checks that first
 */
export function planExec(input: ExecInput): Plan {
  const { process } = input.spec;
  return {
    purpose: "exec",
    steps: execSteps(input),
    host: {
      terminal: terminalRequest(input),
      namespaces: [],
      uidMappings: [],
      gidMappings: [],
      cloneInto: input.cgroups.unifiedDirectory,
      moveInto: input.cgroups.unifiedDirectory,
      netDevices: [],
      oomScoreAdj: oomScore(input),
      rlimits: limitsFromOutside(input) ? process?.rlimits ?? [] : [],
    },
    warnings: capabilityWarnings(input),
  };
}
