import { HostError } from "runtime/base/errors.ts";
import { ioCode, ioReason } from "runtime/base/io_failure.ts";

/** Where the kernel says which files make a version 2 cgroup its owner's (cgroup-v2.rst, "Model of Delegation"; Linux 4.15). */
const FILES = "/sys/kernel/cgroup/delegate";

/** What it was before it said so. */
const OLD_FILES = "cgroup.procs\ncgroup.subtree_control\ncgroup.threads\n";

/**
 * Gives a version 2 cgroup to a user, who can then make cgroups below it. Limits stay the runtime's.
 * @throws {HostError} naming what keeps its owner
 */
export function delegateCgroup(dir: string, owner: number): void {
  const files = filesToGive().split("\n").filter((name) => name !== "");
  giveTo(owner, dir);
  for (const name of files) giveTo(owner, `${dir}/${name}`);
}

function filesToGive(): string {
  try {
    return Deno.readTextFileSync(FILES);
  } catch (cause) {
    if (ioCode(cause) === "ENOENT") return OLD_FILES;
    throw new HostError(`Cannot read ${FILES}: ${ioReason(cause)}`, { cause });
  }
}

function giveTo(owner: number, path: string): void {
  try {
    Deno.chownSync(path, owner, null);
  } catch (cause) {
    // A controller that the cgroup does not have has no files in it.
    if (ioCode(cause) === "ENOENT") return;
    throw new HostError(`Cannot give ${path} to user ${owner}: ${ioReason(cause)}`, { cause });
  }
}
