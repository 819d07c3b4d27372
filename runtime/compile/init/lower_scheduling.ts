import { encodeBitmap } from "syscalls/abi/bitmap.ts";
import { IOPRIO_CLASS_SHIFT, IOPRIO_WHO } from "syscalls/abi/ioprio.ts";
import { MPOL_F } from "syscalls/abi/mempolicy.ts";
import { NR_CPUS, SCHED_FLAG, schedAttr } from "syscalls/abi/sched.ts";
import { unreachable } from "runtime/base/unreachable.ts";
import type { SchedulingStep } from "runtime/plan/step.ts";
import type { IdList, PersonalityDomain, ValidIoPriority } from "runtime/spec/valid.ts";
import type { ValidMemoryPolicy, ValidScheduler } from "runtime/spec/valid.ts";
import { MEMORY_POLICY_MODES } from "runtime/spec/words/memory_policy.ts";
import { PERSONALITY_DOMAINS } from "runtime/spec/words/personality.ts";
import { IO_PRIORITY_CLASSES, SCHEDULER_POLICIES } from "runtime/spec/words/scheduling.ts";
import { type Lowering, warnOfFailure } from "./lowering.ts";

export function lowerScheduling(low: Lowering, step: SchedulingStep): void {
  switch (step.kind) {
    case "setCpuAffinity":
      return step.cpus === "all" ? lowerAllCpus(low) : lowerCpus(low, step.cpus);
    case "setScheduler":
      return lowerScheduler(low, step.scheduler);
    case "setIoPriority":
      return lowerIoPriority(low, step.ioPriority);
    case "setPersonality":
      return lowerPersonality(low, step.domain);
    case "setMemoryPolicy":
      return lowerMemoryPolicy(low, step.policy);
    default:
      return unreachable(step);
  }
}

/** A mask of all CPUs that there can be: the kernel takes out those that the cgroup does not have, now or later. */
function lowerAllCpus(low: Lowering): void {
  const { builder } = low;
  const mask = new Uint8Array(NR_CPUS / 8).fill(0xff);
  const result = builder.slot();
  builder.call("sched_setaffinity", [
    builder.immediate(0),
    builder.immediate(mask.length),
    builder.bytes(mask, "[all]"),
  ], { forgive: "all", into: result });
  warnOfFailure(low, result);
}

function lowerCpus({ builder }: Lowering, { ids, text }: IdList): void {
  const mask = encodeBitmap(ids);
  builder.call("sched_setaffinity", [
    builder.immediate(0),
    builder.immediate(mask.length),
    builder.bytes(mask, `[${text}]`),
  ]);
}

function lowerScheduler({ builder }: Lowering, scheduler: ValidScheduler): void {
  const { policy, nice, priority, runtime, deadline, period } = scheduler;
  const flags = SCHED_FLAG.of(...scheduler.flags);
  const attributes = schedAttr.encode({
    size: schedAttr.size,
    sched_policy: SCHEDULER_POLICIES[policy],
    sched_flags: flags,
    sched_nice: nice,
    sched_priority: priority,
    sched_runtime: runtime,
    sched_deadline: deadline,
    sched_period: period,
  });
  const text = (): string =>
    `{policy: ${policy}, flags: ${SCHED_FLAG.text(flags)}, nice: ${nice}, priority: ${priority}, ` +
    `runtime: ${runtime}, deadline: ${deadline}, period: ${period}}`;
  builder.call("sched_setattr", [
    builder.immediate(0),
    builder.bytes(attributes, text),
    builder.immediate(0),
  ]);
}

function lowerIoPriority({ builder }: Lowering, ioPriority: ValidIoPriority): void {
  const value = IO_PRIORITY_CLASSES[ioPriority.class] << IOPRIO_CLASS_SHIFT | ioPriority.priority;
  builder.call("ioprio_set", [
    builder.immediate(IOPRIO_WHO.IOPRIO_WHO_PROCESS, "IOPRIO_WHO_PROCESS"),
    builder.immediate(0),
    builder.immediate(value, `${ioPriority.class}|${ioPriority.priority}`),
  ]);
}

function lowerPersonality({ builder }: Lowering, domain: PersonalityDomain): void {
  builder.call("personality", [builder.immediate(PERSONALITY_DOMAINS[domain], domain)]);
}

function lowerMemoryPolicy({ builder }: Lowering, { mode, flags, nodes }: ValidMemoryPolicy): void {
  const value = BigInt(MEMORY_POLICY_MODES[mode]) | MPOL_F.of(...flags);
  const mask = encodeBitmap(nodes?.ids ?? []);
  builder.call("set_mempolicy", [
    builder.immediate(value, [mode, ...flags].join("|")),
    nodes === null ? builder.immediate(0, "NULL") : builder.bytes(mask, `[${nodes.text}]`),
    // The kernel takes one off (get_nodes in mm/mempolicy.c): without one more the last bit would not count.
    builder.immediate(nodes === null ? 0 : 8 * mask.length + 1),
  ]);
}
