import { cleanPath } from "../place.ts";

/** The unit of a container, as its `cgroupsPath` names it. */
export interface ContainerUnit {
  /** The slice that it is put into, in systemd's form: `a-b.slice` is inside `a.slice`. */
  readonly slice: string;
  /** What the container is called in the unit's description. */
  readonly name: string;
  /** A scope, or a slice where the name asks for one. */
  readonly unit: string;
}

/** What is wrong with a `cgroupsPath`, without saying whose it is. */
export class UnitNameError extends Error {
  override readonly name = "UnitNameError";
}

/** The scope's prefix where `cgroupsPath` is not there; every tool that looks for a container's unit expects runc's. */
const DEFAULT_PREFIX = "runc";

/** What systemd takes for a unit's name (systemd.unit(5)), with room for a suffix of its own. */
const UNIT_NAME = /^[\w:.\\@-]{1,255}$/;

/**
 * Reads `slice:prefix:name`; the slice may be empty, and so may the whole, for the id's own scope.
 *
 * @param defaultSlice `system.slice`, or an ordinary user's `user.slice`
 * @throws {UnitNameError} in runc's words
 */
export function parseUnit(cgroupsPath: string, id: string, defaultSlice: string): ContainerUnit {
  const parts = cgroupsPath === "" ? ["", DEFAULT_PREFIX, id] : cgroupsPath.split(":");
  const [slice = "", prefix = "", name = ""] = parts;
  if (parts.length !== 3) {
    throw new UnitNameError(
      `expected cgroupsPath to be of format "slice:prefix:name" for systemd cgroups, got ${
        JSON.stringify(cgroupsPath)
      } instead`,
    );
  }
  const unit = name.endsWith(".slice") ? name : `${prefix}-${name}.scope`;
  if (!UNIT_NAME.test(unit)) {
    throw new UnitNameError(`invalid unit name: ${unit}`);
  }
  const parent = slice === "" ? defaultSlice : slice;
  expandSlice(parent);
  return { slice: parent, name, unit };
}

/**
 * The cgroup of a slice below the manager's own: `a-b.slice` is `/a.slice/a-b.slice`, `-.slice` is `/`.
 * @throws {UnitNameError} in runc's words
 */
export function expandSlice(slice: string): string {
  const wrong = new UnitNameError(`invalid slice name: ${slice}`);
  if (!slice.endsWith(".slice") || slice.includes("/")) throw wrong;
  const name = slice.slice(0, -".slice".length);
  if (name === "-") return "/";
  const parts = name.split("-");
  if (parts.includes("")) throw wrong;
  return parts.map((_, i) => `/${parts.slice(0, i + 1).join("-")}.slice`).join("");
}

/**
 * The cgroup that systemd makes for a unit.
 *
 * @param manager the cgroup of the service manager itself: `/`, or an ordinary user's `user@1000.service`
 */
export function unitCgroup({ slice, unit }: ContainerUnit, manager: string): string {
  // A slice's place follows from its own name, whatever wants it.
  const inside = unit.endsWith(".slice") ? expandSlice(unit) : `${expandSlice(slice)}/${unit}`;
  return cleanPath(`${manager}/${inside}`);
}

/** Whether the unit can hold processes that are named when it is started. */
export function isScope(unit: string): boolean {
  return unit.endsWith(".scope");
}
