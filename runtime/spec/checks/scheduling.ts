import type { ProcessConfig } from "../config.ts";
import type { Findings } from "./findings.ts";
import { parseIdList } from "./id_list.ts";

/** What sched_setattr(2), ioprio_set(2) and the affinity lists ask for. */
export function checkScheduling(
  process: ProcessConfig,
  origin: string,
  findings: Findings,
): void {
  checkScheduler(process.scheduler, `${origin}/scheduler`, findings);
  const priority = process.ioPriority?.priority ?? 0;
  if (priority < 0 || priority > 7) {
    findings.problem(
      `${origin}/ioPriority/priority`,
      `invalid ioPriority.Priority: ${priority}; the range is 0 to 7`,
    );
  }
  for (const moment of ["initial", "final"] as const) {
    const cpus = parseIdList(process.execCPUAffinity?.[moment] ?? "");
    if (typeof cpus === "string") {
      findings.problem(`${origin}/execCPUAffinity/${moment}`, `bad CPU list: ${cpus}`);
    }
  }
}

function checkScheduler(
  scheduler: ProcessConfig["scheduler"],
  origin: string,
  findings: Findings,
): void {
  if (scheduler === undefined) return;
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
