import type { ValidScheduler } from "runtime/spec/valid.ts";
import { type PlanInput, processOf } from "./input.ts";
import type { Step } from "./step.ts";

/** How the process is scheduled, what system it sees, and where its memory is: all that execve(2) keeps. */
export function schedulingSteps(input: PlanInput): Step[] {
  const { personality } = input.spec;
  const steps = [...schedulerSteps(input), ...ioPrioritySteps(input)];
  if (personality !== null) {
    const label = `set personality ${personality}`;
    const origin = "/linux/personality";
    steps.push({ kind: "setPersonality", domain: personality, label, origin });
  }
  return [...steps, ...memoryPolicySteps(input)];
}

function schedulerSteps(input: PlanInput): Step[] {
  const { scheduler } = processOf(input);
  if (scheduler === null) return [];
  const cpus = input.spec.config.linux?.resources?.cpu?.cpus ?? "";
  const label = `set scheduler to ${schedulerText(scheduler)}`;
  const origin = "/process/scheduler";
  return [{ kind: "setScheduler", scheduler, confined: cpus !== "", label, origin }];
}

function schedulerText(scheduler: ValidScheduler): string {
  const { policy, priority, nice, runtime, deadline, period } = scheduler;
  switch (policy) {
    case "SCHED_FIFO":
    case "SCHED_RR":
      return `${policy} with priority ${priority}`;
    case "SCHED_DEADLINE":
      return `${policy} with runtime, deadline and period ${runtime}, ${deadline} and ${period} ns`;
    default:
      return `${policy} with nice ${nice}`;
  }
}

function ioPrioritySteps(input: PlanInput): Step[] {
  const { ioPriority } = processOf(input);
  if (ioPriority === null) return [];
  const label = `set I/O priority to ${ioPriority.class} ${ioPriority.priority}`;
  return [{ kind: "setIoPriority", ioPriority, label, origin: "/process/ioPriority" }];
}

function memoryPolicySteps({ spec: { memoryPolicy: policy } }: PlanInput): Step[] {
  if (policy === null) return [];
  const nodes = policy.nodes === null ? "" : ` for nodes ${policy.nodes.text}`;
  const label = `set memory policy to ${[policy.mode, ...policy.flags].join("|")}${nodes}`;
  return [{ kind: "setMemoryPolicy", policy, label, origin: "/linux/memoryPolicy" }];
}
