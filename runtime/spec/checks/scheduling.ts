import type { ProcessConfig } from "../config.ts";
import type { IdList, ValidIoPriority, ValidProcess, ValidScheduler } from "../valid.ts";
import type { Findings } from "./findings.ts";
import { parseIdList } from "./id_list.ts";

/** The highest real-time priority (sched(7)). */
const HIGHEST_PRIORITY = 99;

/** `origin` is the JSON pointer of the process, here and below. */
export function checkIoPriority(
  ioPriority: NonNullable<ProcessConfig["ioPriority"]>,
  origin: string,
  findings: Findings,
): ValidIoPriority {
  const { priority = 0 } = ioPriority;
  if (priority < 0 || priority > 7) {
    findings.problem(
      `${origin}/ioPriority/priority`,
      `invalid ioPriority.Priority: ${priority}; the range is 0 to 7`,
    );
  }
  return { class: ioPriority.class, priority };
}

export function checkAffinity(
  affinity: NonNullable<ProcessConfig["execCPUAffinity"]>,
  origin: string,
  findings: Findings,
): ValidProcess["execCpuAffinity"] {
  const list = (moment: "initial" | "final"): IdList | null => {
    const text = affinity[moment] ?? "";
    const ids = parseIdList(text);
    if (typeof ids !== "string") return ids.size === 0 ? null : { ids, text };
    findings.problem(`${origin}/execCPUAffinity/${moment}`, `bad CPU list: ${ids}`);
    return null;
  };
  return { initial: list("initial"), final: list("final") };
}

export function checkScheduler(
  scheduler: NonNullable<ProcessConfig["scheduler"]>,
  process: string,
  findings: Findings,
): ValidScheduler {
  const origin = `${process}/scheduler`;
  const { policy, nice = 0, priority = 0 } = scheduler;
  const isFair = policy === "SCHED_OTHER" || policy === "SCHED_BATCH";
  if (isFair && (nice < -20 || nice > 19)) {
    findings.problem(
      `${origin}/nice`,
      `invalid scheduler.nice: ${nice} when scheduler.policy is ${policy}; the range is -20 to 19`,
    );
  }
  checkPriority(policy, priority, origin, findings);
  for (const field of ["runtime", "deadline", "period"] as const) {
    if (policy !== "SCHED_DEADLINE" && BigInt(scheduler[field] ?? 0) !== 0n) {
      findings.problem(
        `${origin}/${field}`,
        `scheduler runtime/deadline/period can only be specified for SchedDeadline policy, not for ${policy}`,
      );
    }
  }
  return {
    policy,
    flags: scheduler.flags ?? [],
    nice,
    priority,
    runtime: BigInt(scheduler.runtime ?? 0),
    deadline: BigInt(scheduler.deadline ?? 0),
    period: BigInt(scheduler.period ?? 0),
  };
}

/** 0 passes for a real-time policy too: with SCHED_FLAG_KEEP_PARAMS the kernel does not look at it. */
function checkPriority(
  policy: ValidScheduler["policy"],
  priority: number,
  origin: string,
  findings: Findings,
): void {
  const isRealtime = policy === "SCHED_FIFO" || policy === "SCHED_RR";
  if (priority !== 0 && !isRealtime) {
    findings.problem(
      `${origin}/priority`,
      `scheduler.priority can only be specified for SchedFIFO or SchedRR policy, not for ${policy}`,
    );
  } else if (priority < 0 || priority > HIGHEST_PRIORITY) {
    findings.problem(
      `${origin}/priority`,
      `invalid scheduler.priority: ${priority}; the range is 1 to ${HIGHEST_PRIORITY}`,
    );
  }
}
