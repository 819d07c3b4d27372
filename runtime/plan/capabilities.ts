import { CAPABILITY_NAMES } from "syscalls/abi/capability.ts";
import type { CapabilitySets } from "runtime/spec/valid.ts";
import { inUserNamespace } from "./namespaces.ts";
import type { PlanInput } from "./input.ts";

/** No capability in any set. */
const NONE: CapabilitySets = {
  bounding: 0n,
  effective: 0n,
  permitted: 0n,
  inheritable: 0n,
  ambient: 0n,
};

/** What the init has in its bounding set: a new user namespace starts with everything (capabilities(7)). */
export function boundingSet(input: PlanInput): bigint {
  return inUserNamespace(input) ? (1n << 64n) - 1n : input.facts.capabilityBounds;
}

/** The process's sets, without ambient capabilities that are not both permitted and inheritable: those the kernel refuses. */
export function grantedSets(input: PlanInput): CapabilitySets {
  const wanted = input.spec.process?.capabilities ?? NONE;
  return { ...wanted, ambient: wanted.ambient & wanted.permitted & wanted.inheritable };
}

/** What {@link grantedSets} leaves out, in runc's words: a warning, no error (config.md, "SHOULD NOT fail"). */
export function capabilityWarnings(input: PlanInput): string[] {
  const wanted = input.spec.process?.capabilities ?? NONE;
  const lost = wanted.ambient & ~grantedSets(input).ambient;
  return CAPABILITY_NAMES.filter((_, bit) => (lost >> BigInt(bit) & 1n) === 1n).map((name) =>
    `can't raise ambient capability ${name}: it is not both permitted and inheritable`
  );
}
