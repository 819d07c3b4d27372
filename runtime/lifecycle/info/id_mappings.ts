import { MOUNT_ATTR } from "syscalls/abi/mount.ts";
import { SyscallError } from "syscalls/abi/syscall_error.ts";
import { fileStat } from "syscalls/libc/files.ts";
import { hostArch } from "syscalls/libc/library.ts";
import { detachedBind, mapIds } from "syscalls/libc/mounts.ts";
import type { OwnedFd } from "syscalls/libc/owned_fd.ts";
import { filesystemIn } from "runtime/host/filesystem.ts";
import { makeUserNamespace } from "runtime/launch/user_namespace.ts";
import { probeHost } from "runtime/host/probe.ts";
import { writeIdMaps } from "../id_maps.ts";
import type { IdMapping } from "./machine.ts";

const ONE = [{ containerID: 0, hostID: 0, size: 1 }];

/**
 * Tries to map the ids of a mount of each folder, one for each file system. The mounts are attached nowhere and gone at once.
 * @throws {SyscallError} where the caller may make no user namespace
 */
export function tryIdMappings(folders: readonly string[]): readonly IdMapping[] {
  const mountinfo = Deno.readTextFileSync("/proc/self/mountinfo");
  using namespace = makeUserNamespace(
    hostArch(),
    (process) =>
      writeIdMaps(process, { uidMappings: ONE, gidMappings: ONE }, "", {
        facts: probeHost(),
        tool: null,
      }),
  );
  const found = new Map<string, IdMapping>();
  for (const folder of folders) {
    using tree = bindOf(folder);
    if (tree === null) continue;
    const filesystem = filesystemIn(mountinfo, fileStat(tree.fd).dev) ?? "unknown";
    if (!found.has(filesystem)) {
      found.set(filesystem, { folder, filesystem, works: maps(tree, namespace) });
    }
  }
  return [...found.values()];
}

/** Null for a folder that is not there, or that the caller may not mount. */
function bindOf(folder: string): OwnedFd | null {
  try {
    return detachedBind(folder, MOUNT_ATTR.of("MOUNT_ATTR_RDONLY"));
  } catch (cause) {
    if (cause instanceof SyscallError) return null;
    throw cause;
  }
}

function maps(tree: OwnedFd, namespace: OwnedFd): boolean {
  try {
    mapIds(tree.fd, namespace.fd, { deep: false });
    return true;
  } catch (cause) {
    if (cause instanceof SyscallError) return false;
    throw cause;
  }
}
