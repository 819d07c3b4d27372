import type { Pid } from "syscalls/abi/brand.ts";
import { SECCOMP_FILTER_FLAG } from "syscalls/abi/seccomp.ts";
import { HostError, LaunchError } from "runtime/base/errors.ts";
import type { HostFacts } from "runtime/base/facts.ts";
import { NATIVE_ARCH } from "runtime/compile/seccomp/archs.ts";
import { callsBehind, refusedCalls } from "runtime/compile/seccomp/calls_behind.ts";
import { type CompiledSeccomp, compileSeccomp } from "runtime/compile/seccomp/compile.ts";
import type { Sent } from "runtime/launch/converse.ts";
import type { Plan } from "runtime/plan/plan.ts";
import type { SeccompFilter } from "runtime/plan/step.ts";
import type { RawFilter, ValidSeccomp } from "runtime/spec/valid.ts";
import { RECEIVER_VARIABLE, seccompReceiver } from "./seccomp_receiver.ts";
import { type Agent, type AgentScene, sendListener } from "./seccomp_listener.ts";

/** The filter of a container, and what the host half does for it. */
export interface Seccomp {
  readonly filter: SeccompFilter;
  /** What is to be told in a debug log. */
  readonly remarks: readonly string[];
  /** @throws {LaunchError} when the filter refuses what the plan's program calls behind it */
  readonly check: (plan: Plan) => void;
  /**
   * Sends the listener of a process's filter to the agent.
   * @throws {HostError} when there is no agent, in runc's words
   */
  readonly sendListener: (process: Pid, sent: Sent, scene: AgentScene) => void;
}

/**
 * The filter of `linux.seccomp`.
 *
 * @param fileName of the configuration that it is from
 * @throws {SpecError} when the kernel would not take it
 * @throws {HostError} the caller names an agent by a relative path
 */
export async function policyFilter(
  policy: ValidSeccomp,
  facts: HostFacts,
  fileName: string,
): Promise<Seccomp> {
  const machine = { native: NATIVE_ARCH[facts.arch], kernel: facts.kernel };
  return seccompWith(await compileSeccomp(policy, machine, fileName), {
    origin: "/linux/seccomp",
    listener: policy.listener,
    facts,
  });
}

/** What a filter was made from, and for which machine. */
interface FilterSource extends Pick<RawFilter, "origin" | "listener"> {
  readonly facts: HostFacts;
}

/** @throws {HostError} the caller names an agent by a relative path */
export function seccompWith(
  { program, instructions, flags, notifies, warnings }: CompiledSeccomp,
  { origin, listener, facts: { arch } }: FilterSource,
): Seccomp {
  const filter: SeccompFilter = {
    origin,
    program,
    instructions,
    flags: BigInt(flags),
    flagsText: SECCOMP_FILTER_FLAG.text(BigInt(flags)),
    notifies,
  };
  const agent = notifies ? agentOf({ listener }) : null;
  return {
    filter,
    remarks: [...warnings, `seccomp filter flags: ${flags}`],
    check: (plan) => check(plan, filter, arch),
    sendListener: (process, sent, scene) => sendListener(process, sent, agent, scene),
  };
}

/**
 * Who answers for a filter: whom the file names, and else whom the caller does, as in crun.
 * @throws {HostError} the caller names one by a relative path
 */
export function agentOf({ listener }: Pick<ValidSeccomp, "listener">): Agent | null {
  if (listener !== null) return listener;
  const path = seccompReceiver();
  if (path === "") return null;
  if (!path.startsWith("/")) {
    throw new HostError(`Cannot use ${RECEIVER_VARIABLE}=${path}: it is not an absolute path`);
  }
  return { path, metadata: "" };
}

function check({ steps }: Plan, { program, origin }: SeccompFilter, arch: HostFacts["arch"]): void {
  const calls = callsBehind(steps);
  const refused = refusedCalls(program, arch, calls);
  if (refused.length === 0) return;
  const list = refused.map(({ name, answer }) => `${name} (${answer})`).join(", ");
  throw new LaunchError(
    `Cannot install seccomp filter (${origin}): it refuses ${list}, without which no process can be started; ` +
      `hint: allow ${calls.join(", ")}`,
  );
}
