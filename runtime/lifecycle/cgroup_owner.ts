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
  { namespaces, mounts, process, uidMappings }: ValidSpec,
  { unified, unifiedDirectory }: CgroupFacts,
): Delegation | null {
  if (!unified || unifiedDirectory === null || process === null) return null;
  const isOwn = namespaces.some(({ type, path }) => type === "cgroup" && path === null);
  const isWritable = mounts.some(({ type, set }) =>
    (type === "cgroup" || type === "cgroup2") && !set.includes("MS_RDONLY")
  );
  if (!isOwn || !isWritable) return null;
  const { uid } = process;
  const hasUsers = namespaces.some(({ type }) => type === "user");
  const owner = hasUsers ? hostId(uid, uidMappings) : uid;
  return owner === null || owner === 0 ? null : { directory: unifiedDirectory, owner };
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
