import type { Pid } from "syscalls/abi/brand.ts";
import { findPath } from "syscalls/libc/paths.ts";
import { HostError } from "runtime/base/errors.ts";
import { availableControllers, enableControllers } from "../controllers.ts";
import { currentGroups } from "../current.ts";
import type { CgroupDriver, SelfJoin } from "../driver.ts";
import { assertEmpty, assertThawed, freezerFile } from "../fs_driver.ts";
import type { Hierarchy } from "../hierarchies.ts";
import { makePlace } from "../make.ts";
import { joinAll, pidsOf } from "../members.ts";
import { type Place, visiblePath } from "../place.ts";
import { removeAll } from "../remove.ts";
import type { FileValue } from "runtime/cgroups/limits/limit_write.ts";
import type { Manager } from "./manager.ts";
import type { UnitProperty } from "./property.ts";

/** A container's unit and where its cgroups will be. */
export interface UnitPlan {
  readonly unit: string;
  /** The unit's folder in each tree. */
  readonly unitPlaces: readonly Place[];
  /** The container's in each of them: the unit's, or one below. */
  readonly places: readonly Place[];
  /** What the unit is made with, given who is in it and what it may use. */
  readonly properties: (init: Pid, limits: readonly FileValue[]) => readonly UnitProperty[];
  readonly log: (warning: string) => void;
}

/**
 * Cgroups that systemd makes: not before there is a process to put into them, since a scope without one ends at once.
 * Trees that systemd does not know are made and joined here, by the same name.
 */
export class SystemdDriver implements CgroupDriver {
  readonly #manager: Manager;
  readonly #plan: UnitPlan;
  #isStarted = false;

  constructor(manager: Manager, plan: UnitPlan) {
    this.#manager = manager;
    this.#plan = plan;
  }

  get directories(): readonly string[] {
    return this.#plan.places.map(({ dir }) => dir);
  }

  /** The slices above are systemd's own. */
  get created(): readonly string[] {
    const { unitPlaces, places } = this.#plan;
    return [
      ...unitPlaces.map(({ dir }) => dir),
      ...places.flatMap(({ dir }, i) => foldersBelow(unitPlaces[i]?.dir ?? dir, dir)),
    ];
  }

  get freezer(): string {
    return freezerFile(this.#plan.places);
  }

  /** systemd moves the process. */
  get selfJoin(): SelfJoin {
    return { tasks: [], unified: null };
  }

  missing(): readonly string[] {
    return this.created;
  }

  /** Refuses a unit that somebody else uses. */
  create(): void {
    const { unitPlaces } = this.#plan;
    assertEmpty(unitPlaces.map(({ dir }) => dir));
    for (const place of unitPlaces) assertThawed(place);
  }

  /**
   * Starts the unit with the container's init in it, which waits for that.
   *
   * @param limits what will be written to its cgroups afterwards
   * @throws {HostError} when systemd does not, or not where it should; it is left to `remove` then
   */
  adopt(init: Pid, limits: readonly FileValue[]): void {
    const { unit, unitPlaces, places, properties } = this.#plan;
    this.#manager.start(unit, properties(init, limits));
    this.#isStarted = true;
    this.#manager[Symbol.dispose]();
    for (const place of unitPlaces) if (isOwnTree(place.hierarchy)) assertMade(place, unit);
    for (const place of places) makePlace(place, []);
    const current = currentGroups(init);
    const missing = places.filter(({ dir, hierarchy }) =>
      dir !== visiblePath(hierarchy, current.get(hierarchy.controllers.join()) ?? "/")
    );
    joinAll(missing.map(({ dir }) => dir), init);
    const [alone, ...others] = places;
    // systemd hands on no more than it knows; and the unit's cgroup hands on nothing as long as the init is in it.
    if (alone !== undefined && others.length === 0) {
      enableControllers(alone, availableControllers(alone));
    }
  }

  join(pid: Pid): void {
    joinAll(this.directories, pid);
  }

  pids(): Pid[] {
    return pidsOf(this.directories);
  }

  remove(): void {
    const { unit, log } = this.#plan;
    using manager = this.#manager;
    // Somebody else's unit of that name is none of ours.
    if (!this.#isStarted) return;
    const warning = manager.stop(unit);
    if (warning !== null) log(warning);
    removeAll(this.directories, this.created);
  }
}

/** The folders on the way from one down to another, which is the last; none when they are the same. */
function foldersBelow(above: string, dir: string): string[] {
  const names = dir.slice(above.length + 1).split("/").filter((name) => name !== "");
  return names.map((_, i) => `${above}/${names.slice(0, i + 1).join("/")}`);
}

/** The tree by which systemd itself keeps its units apart. */
function isOwnTree({ version, controllers }: Hierarchy): boolean {
  return version === 2 || controllers.includes("name=systemd");
}

function assertMade({ dir }: Place, unit: string): void {
  if (findPath(dir) === 0) return;
  throw new HostError(`Cannot use unit ${unit}: systemd has not made its cgroup ${dir}`);
}
