import { SpecError, UsageError } from "runtime/base/errors.ts";
import { fullMountsOutside } from "runtime/host/full_mounts.ts";
import type { NoPivot } from "runtime/plan/input.ts";
import type { ValidSpec } from "runtime/spec/valid.ts";

/**
 * What `--no-pivot` has to hide from the container.
 *
 * @throws {SpecError} with a propagation under which the host's mounts would stay for ever
 * @throws {UsageError} with somebody else's mount namespace, of which only a process in it knows the mounts
 */
export function noPivot(
  { rootfsPropagation, root, namespaces }: ValidSpec,
  fileName: string,
): NoPivot {
  if (rootfsPropagation === "private" || rootfsPropagation === "rprivate") {
    const text = "rootfsPropagation of [r]private is not safe without pivot_root";
    throw new SpecError(fileName, [{ path: "/linux/rootfsPropagation", text }]);
  }
  const mount = namespaces.find(({ type }) => type === "mount");
  if (mount !== undefined && mount.path !== null) {
    throw new UsageError(
      `Cannot use --no-pivot with the mount namespace "${mount.path}" (${mount.origin}): ` +
        "what is mounted there cannot be hidden from the container",
    );
  }
  return { fullMounts: fullMountsOutside(root.kind === "directory" ? root.path : root.lower) };
}
