import type { IdList } from "runtime/spec/valid.ts";
import { type PlanInput, processOf } from "./input.ts";
import type { Step } from "./step.ts";

/** All CPUs of the container's cgroup, whatever the caller's own affinity is. */
export function resetAffinitySteps(): Step[] {
  return [{ kind: "setCpuAffinity", cpus: "all", label: "reset CPU affinity", origin: "" }];
}

/** For a process of `exec`, before it enters the container's cgroup. */
export function initialAffinitySteps(input: PlanInput): Step[] {
  return affinitySteps(processOf(input).execCpuAffinity.initial, "initial");
}

/** For a process of `exec` that is in the container's cgroup; the caller's affinity stays only where the file has set one before. */
export function finalAffinitySteps(input: PlanInput): Step[] {
  const { initial, final } = processOf(input).execCpuAffinity;
  return initial === null && final === null ? resetAffinitySteps() : affinitySteps(final, "final");
}

function affinitySteps(cpus: IdList | null, moment: "initial" | "final"): Step[] {
  if (cpus === null) return [];
  const label = `set ${moment} CPU affinity to ${cpus.text}`;
  return [{ kind: "setCpuAffinity", cpus, label, origin: `/process/execCPUAffinity/${moment}` }];
}
