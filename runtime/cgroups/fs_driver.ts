import type { Pid } from "syscalls/abi/brand.ts";
import { errnoName } from "syscalls/abi/errno.ts";
import { SyscallError } from "syscalls/abi/syscall_error.ts";
import { HostError, StateError } from "runtime/base/errors.ts";
import { ioCode } from "runtime/base/io_failure.ts";
import { availableControllers, enableControllers } from "./controllers.ts";
import type { CgroupDriver, SelfJoin } from "./driver.ts";
import { addMissing, makePlace } from "./make.ts";
import type { Place } from "./place.ts";
import { joinAll, pidsOf } from "./members.ts";
import { removeAll } from "./remove.ts";
import { readCgroupFile } from "./tree.ts";

/** What an ordinary user's runtime may find denied. */
const DENIED: readonly (string | null)[] = ["EACCES", "EPERM", "EROFS", "ENOENT"];

/** Whether a tree that this user may not write to is an error, or is left out: any, or that of version 2 beside others. */
export type WhenDenied = "fail" | "skip" | "skipUnified";

/**
 * A driver that works on the cgroup file systems itself.
 *
 * @param places where the container goes (`placeContainer`)
 */
export function fsDriver(places: readonly Place[], whenDenied: WhenDenied): CgroupDriver {
  return new FsDriver(places, whenDenied);
}

class FsDriver implements CgroupDriver {
  #places: readonly Place[];
  readonly #whenDenied: WhenDenied;
  readonly #created: string[] = [];

  constructor(places: readonly Place[], whenDenied: WhenDenied) {
    this.#places = places;
    this.#whenDenied = whenDenied;
  }

  get directories(): readonly string[] {
    return this.#places.map(({ dir }) => dir);
  }

  get created(): readonly string[] {
    return this.#created;
  }

  get freezer(): string {
    return freezerFile(this.#places);
  }

  get selfJoin(): SelfJoin {
    const tasks: string[] = [];
    let unified: string | null = null;
    for (const { dir, hierarchy } of this.#places) {
      if (hierarchy.version === 1) tasks.push(`${dir}/tasks`);
      else unified ??= dir;
    }
    return { tasks, unified };
  }

  missing(): readonly string[] {
    const missing: string[] = [];
    for (const place of this.#places) addMissing(place, missing);
    return missing;
  }

  create(): void {
    if (this.#places.length === 0 && this.#whenDenied !== "skip") {
      throw new HostError(
        "Cannot create cgroup: no cgroup file system is mounted; hint: mount cgroup2 on /sys/fs/cgroup",
      );
    }
    try {
      const existing = this.#make();
      this.#enableControllers();
      if (existing.length > 0) assertEmpty(existing);
      for (const place of this.#places) assertThawed(place);
    } catch (cause) {
      removeAfter(cause, () => this.remove());
    }
  }

  /** Where version 2 is alone the container gets all that can be had: its figures are wanted even where its limits are not. */
  #enableControllers(): void {
    const [place, ...others] = this.#places;
    if (place === undefined || others.length > 0 || place.hierarchy.version === 1) return;
    enableControllers(place, availableControllers(place));
  }

  /** Makes every place, leaves out those that are denied, and gives the folders that were there before. */
  #make(): string[] {
    const existing: string[] = [];
    const made: Place[] = [];
    for (const place of this.#places) {
      try {
        if (!makePlace(place, this.#created)) existing.push(place.dir);
        made.push(place);
      } catch (thrown) {
        if (!this.#mayMiss(place) || !isDenied(thrown)) throw thrown;
      }
    }
    this.#places = made;
    return existing;
  }

  #mayMiss({ hierarchy: { version } }: Place): boolean {
    return this.#whenDenied === "skip" || this.#whenDenied === "skipUnified" && version === 2;
  }

  join(pid: Pid): void {
    joinAll(this.directories, pid);
  }

  pids(): Pid[] {
    return pidsOf(this.directories);
  }

  remove(): void {
    removeAll(this.directories, this.#created);
    this.#created.length = 0;
  }
}

/** The file that tells whether the cgroups of these places are frozen; "" without one. */
export function freezerFile(places: readonly Place[]): string {
  let unified = "";
  for (const { dir, hierarchy: { version, controllers } } of places) {
    if (controllers.includes("freezer")) return `${dir}/freezer.state`;
    if (version === 2) unified = `${dir}/cgroup.events`;
  }
  return unified;
}

function isDenied(thrown: unknown): boolean {
  if (!(thrown instanceof HostError)) return false;
  const { cause } = thrown;
  return DENIED.includes(cause instanceof SyscallError ? errnoName(cause.errno) : ioCode(cause));
}

/** Undoes, and throws what was the matter; a failure of the undoing goes with it. */
function removeAfter(cause: unknown, undo: () => void): never {
  try {
    undo();
  } catch (second) {
    throw new SuppressedError(second, cause);
  }
  throw cause;
}

/** @throws {StateError} in runc's words when a process is in one of them */
export function assertEmpty(dirs: readonly string[]): void {
  const count = pidsOf(dirs).length;
  if (count === 0) return;
  throw new StateError(`container's cgroup is not empty: ${count} process(es) found`);
}

/** A process that joins a frozen cgroup stops there, and its runtime would wait for it for ever. */
export function assertThawed({ dir, hierarchy: { version, controllers } }: Place): void {
  if (version === 1 && !controllers.includes("freezer")) return;
  const file = version === 1 ? "freezer.state" : "cgroup.events";
  const text = readCgroupFile(`${dir}/${file}`) ?? "";
  // THAWED, FREEZING or FROZEN; or lines, one of them `frozen 0` or `frozen 1`.
  const frozen = version === 1 ? text.startsWith("FR") : text.includes("frozen 1");
  if (frozen) throw new StateError("container's cgroup unexpectedly frozen");
}
