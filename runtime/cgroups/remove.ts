import { StateError } from "runtime/base/errors.ts";
import { pidsOf } from "./members.ts";
import { removeCgroup, removeCgroupTree } from "./tree.ts";

/** A cgroup stays busy for a moment after its last process: ten tries, the first 1 ms apart, each twice as long as the one before. */
const ATTEMPTS = 10;

/**
 * Removes those of a container's folders that were made for it, with the cgroups inside, then the parents
 * that were made for it, unless others use them by now.
 *
 * @param directories the container's folders
 * @param created what was made for it, parents first
 * @throws {StateError} naming the processes that are still inside after about a second
 */
export function removeAll(directories: readonly string[], created: readonly string[]): void {
  let rest = directories.filter((dir) => created.includes(dir));
  for (let attempt = 0; rest.length > 0; attempt++) {
    rest = rest.filter((dir) => !removeCgroupTree(dir));
    if (rest.length === 0) break;
    if (attempt === ATTEMPTS) throw busy(rest);
    pause(1 << attempt);
  }
  removeParents(directories, created);
}

/**
 * The same where all was made for the container and nobody is left inside, which the kernel tells by itself; false when
 * that is not so, some folders may be gone then.
 */
export function removeUnused(directories: readonly string[], created: readonly string[]): boolean {
  for (const dir of directories) if (!created.includes(dir) || !removeCgroup(dir)) return false;
  removeParents(directories, created);
  return true;
}

function removeParents(directories: readonly string[], created: readonly string[]): void {
  for (let i = created.length - 1; i >= 0; i--) {
    const dir = created[i];
    if (dir !== undefined && !directories.includes(dir)) removeCgroup(dir);
  }
}

function busy(dirs: readonly string[]): StateError {
  const pids = pidsOf(dirs);
  const inside = pids.length === 0
    ? "something else uses it"
    : `process(es) ${pids.join(", ")} are still in it`;
  return new StateError(
    `Cannot remove cgroup ${dirs[0]}: EBUSY (Device or resource busy); hint: ${inside}`,
  );
}

/** Waits so many milliseconds without a turn of the event loop, whose timers cost 6 ms to set up. */
export function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
