import type { Pid } from "syscalls/abi/brand.ts";
import { HostError, type Problem, SpecError } from "runtime/base/errors.ts";
import type { HostFacts } from "runtime/base/facts.ts";
import { availableControllers, enableControllers } from "runtime/cgroups/controllers.ts";
import { currentUnified } from "runtime/cgroups/current.ts";
import { delegateCgroup } from "runtime/cgroups/delegate.ts";
import { isBelow } from "runtime/cgroups/hierarchies.ts";
import { makePlace } from "runtime/cgroups/make.ts";
import { joinAll } from "runtime/cgroups/members.ts";
import { type Place, placeBelow } from "runtime/cgroups/place.ts";
import { DELEGATED } from "runtime/spec/checks/cgroup_names.ts";
import type { ValidSpec } from "runtime/spec/valid.ts";
import type { NewCgroup } from "./cgroup.ts";
import { processOwner } from "./cgroup_owner.ts";

/** What errors call the configuration. */
const CONFIG_FILE = "config.json";

const ORIGIN = `/annotations/${DELEGATED}`;

/** Why this host or command cannot delegate the cgroup that is asked for; null when it can, or when none is. */
export function delegationProblem(
  { delegatedCgroup }: ValidSpec,
  { isDisabled, facts }: NewCgroup,
): Problem | null {
  if (delegatedCgroup === "") return null;
  const refuse = (text: string): Problem => ({ path: ORIGIN, text });
  if (isDisabled) return refuse("there is no cgroup to be below: --cgroup-manager is disabled");
  // A version 1 cgroup that is given away lets its owner out of its limits.
  return facts.unified ? null : refuse("it needs a host where cgroup version 2 is alone");
}

/** @throws {SpecError} saying so */
export function requireDelegation(spec: ValidSpec, made: NewCgroup): void {
  const problem = delegationProblem(spec, made);
  if (problem !== null) throw new SpecError(CONFIG_FILE, [problem]);
}

/** The cgroup that is delegated; null for none. */
export function delegatedPlace(
  { delegatedCgroup }: Pick<ValidSpec, "delegatedCgroup">,
  { places: [place] }: Pick<NewCgroup, "places">,
): Place | null {
  if (delegatedCgroup === "" || place === undefined) return null;
  return placeBelow(place, delegatedCgroup);
}

/**
 * Makes the cgroup that is delegated, moves the init into it and gives it to the container's user. The container's own cgroup, where
 * its limits are, has no process any more and can hand controllers on.
 *
 * @throws {HostError} naming the annotation
 */
export function enterDelegated(
  init: Pid,
  { spec, facts }: { readonly spec: ValidSpec; readonly facts: HostFacts },
  made: Pick<NewCgroup, "places">,
): void {
  const place = delegatedPlace(spec, made);
  if (place === null) return;
  try {
    makePlace(place, []);
    // One that is restored is there, or where it has gone since.
    if (!isBelow(currentUnified(init) ?? "", place.dir)) joinAll([place.dir], init);
    enableControllers(place, availableControllers(place));
    const owner = processOwner(spec);
    if (facts.euid === 0 && owner !== null) delegateCgroup(place.dir, owner);
  } catch (cause) {
    if (!(cause instanceof HostError)) throw cause;
    throw new HostError(`Cannot delegate a cgroup (${ORIGIN}): ${cause.message}`, { cause });
  }
}
