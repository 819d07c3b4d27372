import { CAPABILITY_NAMES } from "syscalls/abi/capability.ts";
import type { CapabilitySets } from "runtime/spec/valid.ts";
import { boundingSet, grantedSets } from "./capabilities.ts";
import { type PlanInput, processOf } from "./input.ts";
import type { Step } from "./step.ts";

const CAP_SYS_ADMIN = 1n << BigInt(CAPABILITY_NAMES.indexOf("CAP_SYS_ADMIN"));
const CAP_SYS_PTRACE = 1n << BigInt(CAPABILITY_NAMES.indexOf("CAP_SYS_PTRACE"));

/**
 * Installs the filter of `linux.seccomp`, when all that can be done before it is done: the fewer calls come behind, the fewer
 * a profile has to allow for the runtime's sake.
 */
export function filterSteps(input: PlanInput): Step[] {
  const { filter } = input;
  if (filter === null) return [];
  const label = `install seccomp filter of ${filter.instructions} instructions`;
  const listener = mayTakeDescriptors(input) ? "taken" : "given";
  const install: Step = { kind: "installFilter", ...filter, listener, label };
  if (setsForFilter(input) === null) return [install];
  return [install, {
    kind: "reduceCapabilities",
    sets: grantedSets(input),
    label: "give up CAP_SYS_ADMIN",
    origin: "/process/capabilities",
  }];
}

/**
 * pidfd_getfd(2) is for who may trace: out of an undumpable process, which one is made by hiding from a container as by becoming
 * another user, nothing is taken without CAP_SYS_PTRACE where it was executed, in the runtime's own user namespace.
 */
function mayTakeDescriptors({ facts: { euid, capabilityBounds } }: PlanInput): boolean {
  return euid === 0 && (capabilityBounds & CAP_SYS_PTRACE) !== 0n;
}

/**
 * The capabilities until the filter is installed: without no_new_privs that takes CAP_SYS_ADMIN (seccomp(2)). Null where the
 * process needs none, has it anyway, or cannot have it: then the kernel refuses the filter.
 */
export function setsForFilter(input: PlanInput): CapabilitySets | null {
  if (input.filter === null || processOf(input).noNewPrivileges) return null;
  const sets = grantedSets(input);
  const has = (set: bigint): boolean => (set & CAP_SYS_ADMIN) !== 0n;
  if (has(sets.effective) || !has(boundingSet(input))) return null;
  const { effective, permitted } = sets;
  return { ...sets, effective: effective | CAP_SYS_ADMIN, permitted: permitted | CAP_SYS_ADMIN };
}
