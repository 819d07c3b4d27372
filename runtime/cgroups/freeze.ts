import { StateError } from "runtime/base/errors.ts";
import { pause } from "./remove.ts";
import { cgroupsIn, readCgroupFile, writeCgroupFile, writeIfThere } from "./tree.ts";

/** How long the processes of a container may take to stand still, in milliseconds. */
const PATIENCE = 10_000;

/** What stops and continues the processes of a container. */
interface Freezer {
  /** Its folder, for errors. */
  readonly dir: string;
  /** Writes the wanted state; on version 1 it has to be written again until all stand still. */
  set(frozen: boolean): void;
  isFrozen(): boolean;
}

/**
 * Stops every process of a container, and returns when all stand still. Nothing is left half frozen.
 *
 * @param directories the container's cgroups
 * @throws {StateError} when there is no freezer, or a process cannot be stopped for 10 s
 */
export function freeze(directories: readonly string[]): void {
  const freezer = freezerOf(directories);
  if (freezer === null) {
    throw new StateError("Cannot pause container: none of its cgroups can be frozen");
  }
  const end = performance.now() + PATIENCE;
  for (let wait = 1;; wait = Math.min(2 * wait, 50)) {
    freezer.set(true);
    if (freezer.isFrozen()) return;
    if (performance.now() > end) break;
    pause(wait);
  }
  freezer.set(false);
  throw new StateError(
    `Cannot pause container: a process in ${freezer.dir} does not stand still for 10 s`,
  );
}

/** Lets the processes of a container go on; also what was never frozen. */
export function thaw(directories: readonly string[]): void {
  freezerOf(directories)?.set(false);
}

/**
 * Lets go on what a container has frozen in cgroups of its own below. On version 1 a frozen process does not even end when it is
 * killed (Documentation/admin-guide/cgroup-v1/freezer-subsystem.rst); version 2 lets it.
 */
export function thawBelow(directories: readonly string[]): void {
  for (const dir of directories) {
    const state = readCgroupFile(`${dir}/freezer.state`);
    if (state === null) continue;
    if (state.trim() !== "THAWED") writeIfThere(`${dir}/freezer.state`, "THAWED");
    thawBelow(cgroupsIn(dir));
  }
}

/** Where the kernel has both, version 1's freezer is the one that other runtimes use. */
function freezerOf(directories: readonly string[]): Freezer | null {
  for (const dir of directories) {
    const file = `${dir}/freezer.state`;
    if (readCgroupFile(file) === null) continue;
    return {
      dir,
      set: (frozen) => frozen ? writeCgroupFile(file, "FROZEN") : writeIfThere(file, "THAWED"),
      isFrozen: () => readCgroupFile(file)?.trim() === "FROZEN",
    };
  }
  for (const dir of directories) {
    const file = `${dir}/cgroup.freeze`;
    if (readCgroupFile(file) === null) continue;
    return {
      dir,
      set: (frozen) => frozen ? writeCgroupFile(file, "1") : writeIfThere(file, "0"),
      isFrozen: () => /^frozen 1$/m.test(readCgroupFile(`${dir}/cgroup.events`) ?? ""),
    };
  }
  return null;
}
