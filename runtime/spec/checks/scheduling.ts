import type { ProcessConfig } from "../config.ts";
import type { Findings } from "./findings.ts";
import { parseIdList } from "./id_list.ts";

/** `origin` is the JSON pointer of the process, here and below. */
export function checkIoPriority(
  ioPriority: NonNullable<ProcessConfig["ioPriority"]>,
  origin: string,
  findings: Findings,
): void {
  const { priority = 0 } = ioPriority;
  if (priority < 0 || priority > 7) {
    findings.problem(
      `${origin}/ioPriority/priority`,
      `invalid ioPriority.Priority: ${priority}; the range is 0 to 7`,
    );
  }
}

export function checkAffinity(
  affinity: NonNullable<ProcessConfig["execCPUAffinity"]>,
  origin: string,
  findings: Findings,
): void {
  for (const moment of ["initial", "final"] as const) {
    const cpus = parseIdList(affinity[moment] ?? "");
    if (typeof cpus === "string") {
      findings.problem(`${origin}/execCPUAffinity/${moment}`, `bad CPU list: ${cpus}`);
    }
  }
}

export function checkScheduler(
  scheduler: NonNullable<ProcessConfig["scheduler"]>,
  process: string,
  findings: Findings,
): void {
  const origin = `${process}/scheduler`;
  const { policy, nice = 0, priority = 0 } = scheduler;
  const isFair = policy === "SCHED_OTHER" || policy === "SCHED_BATCH";
  if (isFair && (nice < -20 || nice > 19)) {
    findings.problem(
      `${origin}/nice`,
      `invalid scheduler.nice: ${nice} when scheduler.policy is ${policy}; the range is -20 to 19`,
    );
  }
  const isRealtime = policy === "SCHED_FIFO" || policy === "SCHED_RR";
  if (priority !== 0 && !isRealtime) {
    findings.problem(
      `${origin}/priority`,
      `scheduler.priority can only be specified for SchedFIFO or SchedRR policy, not for ${policy}`,
    );
  }
  for (const field of ["runtime", "deadline", "period"] as const) {
    if (policy !== "SCHED_DEADLINE" && BigInt(scheduler[field] ?? 0) !== 0n) {
      findings.problem(
        `${origin}/${field}`,
        `scheduler runtime/deadline/period can only be specified for SchedDeadline policy, not for ${policy}`,
      );
    }
  }
}
