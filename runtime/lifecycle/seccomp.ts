import type { Pid } from "syscalls/abi/brand.ts";
import { SECCOMP_FILTER_FLAG } from "syscalls/abi/seccomp.ts";
import { LaunchError } from "runtime/base/errors.ts";
import type { HostFacts } from "runtime/base/facts.ts";
import { NATIVE_ARCH } from "runtime/compile/seccomp/archs.ts";
import { callsBehind, refusedCalls } from "runtime/compile/seccomp/calls_behind.ts";
import { compileSeccomp } from "runtime/compile/seccomp/compile.ts";
import type { Sent } from "runtime/launch/converse.ts";
import type { Plan } from "runtime/plan/plan.ts";
import type { SeccompFilter } from "runtime/plan/step.ts";
import type { ValidSeccomp, ValidSpec } from "runtime/spec/valid.ts";
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

/** crun's annotation by which a configuration names the agent. */
const RECEIVER = "run.oci.seccomp.receiver";

/** @throws {SpecError} when the program has more instructions than the kernel takes */
export async function compileFilter(
  { annotations }: ValidSpec,
  policy: ValidSeccomp,
  { arch, kernel }: HostFacts,
): Promise<Seccomp> {
  const machine = { native: NATIVE_ARCH[arch], kernel };
  const { program, instructions, flags, notifies, warnings } = await compileSeccomp(
    policy,
    machine,
  );
  const filter: SeccompFilter = {
    program,
    instructions,
    flags: BigInt(flags),
    flagsText: SECCOMP_FILTER_FLAG.text(BigInt(flags)),
    notifies,
  };
  const agent = agentOf(policy, annotations);
  return {
    filter,
    remarks: [...warnings, `seccomp filter flags: ${flags}`],
    check: (plan) => check(plan, filter, arch),
    sendListener: (process, sent, scene) => sendListener(process, sent, agent, scene),
  };
}

function agentOf({ listener }: ValidSeccomp, annotations: ValidSpec["annotations"]): Agent | null {
  if (listener !== null) return listener;
  const path = annotations[RECEIVER] ?? "";
  return path === "" ? null : { path, metadata: "" };
}

function check({ steps }: Plan, { program }: SeccompFilter, arch: HostFacts["arch"]): void {
  const calls = callsBehind(steps);
  const refused = refusedCalls(program, arch, calls);
  if (refused.length === 0) return;
  const list = refused.map(({ name, answer }) => `${name} (${answer})`).join(", ");
  throw new LaunchError(
    `Cannot install seccomp filter (/linux/seccomp): it refuses ${list}, without which no process can be started; ` +
      `hint: allow ${calls.join(", ")}`,
  );
}
