import type { Pid } from "syscalls/abi/brand.ts";
import type { HostFacts } from "runtime/base/facts.ts";
import type { Plan } from "runtime/plan/plan.ts";
import type { SeccompFilter } from "runtime/plan/step.ts";
import type { ValidSpec } from "runtime/spec/valid.ts";
import type { ContainerRecord } from "runtime/state/record.ts";
import type { Status } from "runtime/state/status.ts";

/** The filter of `linux.seccomp`, and what the host half does for it. */
export interface Seccomp {
  readonly filter: SeccompFilter;
  /** What is to be told in a debug log. */
  readonly remarks: readonly string[];
  /** @throws {LaunchError} when the filter refuses what the plan's program calls behind it */
  readonly check: (plan: Plan) => void;
  /**
   * Takes the listener from a process, where it has this number, and sends it to the agent.
   * @throws {HostError} when there is no agent, in runc's words
   */
  readonly sendListener: (process: Pid, descriptor: number, scene: AgentScene) => void;
}

/** What an agent is told of the container that a filtered process belongs to. */
export interface AgentScene {
  readonly record: ContainerRecord;
  readonly status: Status;
}

/**
 * Compiles the filter of a container; null where it has none.
 * @throws {SpecError} when the kernel cannot take it
 */
export async function seccompOf(spec: ValidSpec, facts: HostFacts): Promise<Seccomp | null> {
  if (spec.seccomp === null) return null;
  const { compileFilter } = await import("./seccomp.ts");
  return await compileFilter(spec, spec.seccomp, facts);
}
