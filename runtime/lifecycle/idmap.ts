import type { Fd, Pid } from "syscalls/abi/brand.ts";
import { ERRNO } from "syscalls/abi/errno.ts";
import { openFlags } from "syscalls/abi/open.ts";
import { SyscallError } from "syscalls/abi/syscall_error.ts";
import { fileStat, openFile } from "syscalls/libc/files.ts";
import { mapIds } from "syscalls/libc/mounts.ts";
import type { OwnedFd } from "syscalls/libc/owned_fd.ts";
import { filesystemIn } from "runtime/host/filesystem.ts";
import { bindError, type BindStep } from "runtime/launch/explain.ts";
import type { Sent } from "runtime/launch/converse.ts";
import { makeUserNamespace } from "runtime/launch/user_namespace.ts";
import { hasNamespace, type PlanInput } from "runtime/plan/input.ts";
import type { Plan } from "runtime/plan/plan.ts";
import type { Idmap } from "runtime/plan/mount_step.ts";
import { idMapText, writeIdMaps } from "./id_maps.ts";

/** Maps the ids of mounts, each when it is its turn, with one user namespace for each set of mappings. */
export class MountIdmaps implements Disposable {
  readonly #plan: Plan;
  readonly #input: PlanInput;
  /** Namespaces by the maps that they have. */
  readonly #made = new Map<string, OwnedFd>();

  constructor(plan: Plan, input: PlanInput) {
    this.#plan = plan;
    this.#input = input;
  }

  /**
   * Maps the mount that a process has cloned for a step, sent, and not yet attached.
   *
   * @param init whose user namespace is the container's
   */
  map(init: Pid, index: number, [tree]: Sent): void {
    const step = this.#plan.steps[index];
    if (step?.kind !== "mountBind" || step.idmap === null || tree === undefined) {
      throw new RangeError("Cannot map ids: the step that asks for it has no mappings");
    }
    const namespace = this.#namespaceOf(init, step.idmap, step.origin);
    try {
      mapIds(tree.fd, namespace.fd, step.idmap);
    } catch (cause) {
      if (!(cause instanceof SyscallError)) throw cause;
      throw bindError(
        this.#plan,
        step,
        cause.errno,
        hintFor(step, { init, tree: tree.fd, errno: cause.errno }),
      );
    }
  }

  [Symbol.dispose](): void {
    for (const namespace of this.#made.values()) namespace[Symbol.dispose]();
  }

  #namespaceOf(init: Pid, idmap: Idmap, origin: string): OwnedFd {
    const uids = idMapText(idmap.uidMappings);
    const gids = idMapText(idmap.gidMappings);
    const key = `${uids}\n${gids}`;
    const known = this.#made.get(key);
    if (known !== undefined) return known;
    const { spec, facts } = this.#input;
    const { arch } = facts;
    const usesOwn = hasNamespace(spec, "user") &&
      (uids === "" || hasMap(init, "uid_map", uids) && hasMap(init, "gid_map", gids));
    const namespace = usesOwn
      ? openFile(`/proc/${init}/ns/user`, openFlags(arch).of("O_RDONLY"))
      : makeUserNamespace(arch, (process) =>
        writeIdMaps(process, idmap, origin, { facts, tool: null }));
    this.#made.set(key, namespace);
    return namespace;
  }
}

/** Whether a process's user namespace maps ids like this. The kernel pads the numbers, and may have sorted the lines. */
function hasMap(process: Pid, name: "uid_map" | "gid_map", wanted: string): boolean {
  const sorted = (text: string): string => text.trim().split("\n").sort().join("\n");
  const actual = Deno.readTextFileSync(`/proc/${process}/${name}`).replaceAll(/^ +/gm, "")
    .replaceAll(/ +/g, " ");
  return sorted(actual) === sorted(wanted);
}

/** mount_setattr(2) says no more than EINVAL and EPERM. */
function hintFor(
  { source, idmap }: BindStep,
  { init, tree, errno }: { readonly init: Pid; readonly tree: Fd; readonly errno: number },
): string {
  switch (errno) {
    case ERRNO.EINVAL: {
      // It may be one that the container has mounted just now.
      const mountinfo = Deno.readTextFileSync(`/proc/${init}/mountinfo`);
      const type = filesystemIn(mountinfo, fileStat(tree).dev);
      const what = type === null ? "the file system" : `the file system "${type}"`;
      const below = idmap?.deep === true ? ", or one mounted below it," : "";
      return `${what} of "${source}"${below} may not support id-mapped mounts on this kernel`;
    }
    case ERRNO.EPERM:
      return `"${source}" may be on an id-mapped mount already, or on a file system of another user namespace`;
    default:
      return `the ids of "${source}" cannot be mapped`;
  }
}
