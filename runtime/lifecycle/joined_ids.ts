import type { Arch } from "syscalls/abi/arch.ts";
import { isOwnNamespace } from "runtime/host/namespaces.ts";
import { readIdMap } from "runtime/host/probe.ts";
import { insideUserNamespace } from "runtime/launch/user_namespace.ts";
import type { UserMappings } from "runtime/spec/context.ts";

/**
 * The mappings of the user namespace at a path; none where nobody can tell, or the path is wrong, which is told later.
 */
export function joinedIds(arch: Arch, path: string): UserMappings {
  const none = { uidMappings: [], gidMappings: [] };
  const mapsOf = (process: string | number): UserMappings => ({
    uidMappings: readIdMap("uid", process),
    gidMappings: readIdMap("gid", process),
  });
  try {
    // The kernel counts its own map from the namespace around.
    if (isOwnNamespace("user", path)) return none;
    const [, process] = /^\/proc\/([1-9][0-9]*)\/ns\/user$/.exec(path) ?? [];
    return process === undefined ? insideUserNamespace(arch, path, mapsOf) : mapsOf(process);
  } catch {
    return none;
  }
}
