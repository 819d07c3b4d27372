import { StateError } from "runtime/base/errors.ts";
import type { ValidSpec } from "runtime/spec/valid.ts";

/**
 * Refuses what CRIU knows nothing of: the container would come back as another one.
 *
 * @param verb what was asked for: `checkpoint` or `restore`
 * @throws {StateError} naming the place in config.json
 */
export function refuseBeyondCriu(verb: string, spec: ValidSpec): void {
  const why = problemOf(spec);
  if (why !== null) throw new StateError(`Cannot ${verb} container: ${why}`);
}

function problemOf({ namespaces, mounts, root }: ValidSpec): string | null {
  const mount = namespaces.find(({ type }) => type === "mount");
  if (mount === undefined || mount.path !== null) {
    return "criu needs a mount namespace that is the container's own (/linux/namespaces)";
  }
  const cgroup = namespaces.find(({ type }) => type === "cgroup");
  if (cgroup !== undefined && cgroup.path !== null) {
    return `criu cannot join a cgroup namespace by its path (${cgroup.origin})`;
  }
  if (root.kind !== "directory" || root.path === "/") {
    return "its root is a view of the host's files that lives in memory, of which criu knows nothing";
  }
  const mapped = mounts.find(({ idmap }) => idmap !== "none");
  if (mapped !== undefined) return `criu cannot restore id-mapped mounts (${mapped.origin})`;
  const nofollow = mounts.find(({ sourceNofollow }) => sourceNofollow);
  if (nofollow === undefined) return null;
  return `criu cannot bind a symlink itself, as src-nofollow asks for (${nofollow.origin})`;
}
