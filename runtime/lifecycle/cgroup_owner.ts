import type { HostFacts } from "runtime/base/facts.ts";
import { delegateCgroup } from "runtime/cgroups/delegate.ts";
import type { CgroupFacts } from "runtime/plan/plan.ts";
import type { ValidSpec } from "runtime/spec/valid.ts";

/** A cgroup that becomes a user's. */
export interface Delegation {
  readonly directory: string;
  /** As the host counts users. */
  readonly owner: number;
}

/**
 * Whether the container's process gets its cgroup for itself: where version 2 is alone, in a new cgroup namespace, with a cgroup
 * mount that can be written to (runtime-spec, config-linux.md, "Cgroup ownership"). Null where it is root's already.
 */
export function delegationOf(
  spec: ValidSpec,
  { unified, unifiedDirectory }: CgroupFacts,
): Delegation | null {
  const { namespaces, mounts, process } = spec;
  if (!unified || unifiedDirectory === null || process === null) return null;
  const isOwn = namespaces.some(({ type, path }) => type === "cgroup" && path === null);
  const isWritable = mounts.some(({ type, set }) =>
    (type === "cgroup" || type === "cgroup2") && !set.includes("MS_RDONLY")
  );
  if (!isOwn || !isWritable) return null;
  const owner = processOwner(spec);
  return owner === null ? null : { directory: unifiedDirectory, owner };
}

/** The user that the container's process is, as the host counts users; null for root. */
export function processOwner(
  { process, namespaces, uidMappings }: Pick<ValidSpec, "process" | "namespaces" | "uidMappings">,
): number | null {
  const uid = process?.uid ?? 0;
  const hasUsers = namespaces.some(({ type }) => type === "user");
  return (hasUsers ? hostId(uid, uidMappings) : uid) || null;
}

/** Does that, where the runtime may: an ordinary user's cgroup is that user's in any case. */
export function delegate(spec: ValidSpec, cgroups: CgroupFacts, { euid }: HostFacts): void {
  const delegation = euid === 0 ? delegationOf(spec, cgroups) : null;
  if (delegation !== null) delegateCgroup(delegation.directory, delegation.owner);
}

function hostId(id: number, mappings: ValidSpec["uidMappings"]): number | null {
  for (const { containerID, hostID, size } of mappings) {
    if (id >= containerID && id < containerID + size) return hostID + id - containerID;
  }
  return null;
}
