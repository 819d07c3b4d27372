import { HostError, LaunchError, SpecError } from "runtime/base/errors.ts";
import { availableControllers } from "runtime/cgroups/controllers.ts";
import type { CgroupDriver } from "runtime/cgroups/driver.ts";
import { type LimitPlan, type PlacedWrite, planLimits } from "runtime/cgroups/limits/plan.ts";
import { oomKills } from "runtime/cgroups/oom_kills.ts";
import type { ValidSpec } from "runtime/spec/valid.ts";
import type { NewCgroup } from "./cgroup.ts";
import type { Context } from "./context.ts";
import { refusedLimits } from "./no_cgroup.ts";

/** Where the resources of a container stand in its configuration. */
const ORIGIN = "/linux/resources";

/** What errors call that configuration. */
const CONFIG_FILE = "config.json";

/** The limits of a container as writes to its cgroups; null where it has none. */
export function limitsOf(
  { config }: ValidSpec,
  { places, systemd, isDisabled }: NewCgroup,
): LimitPlan | null {
  const { devices: _apart, ...resources } = config.linux?.resources ?? {};
  if (Object.keys(resources).length === 0) return null;
  if (isDisabled) return refusedLimits(resources, ORIGIN);
  const host = { places, available: availableControllers, base: ORIGIN };
  const { writes, findings } = planLimits(resources, host);
  return { writes: systemd === null ? writes : systemd.asManaged(writes), findings };
}

/** The limits of a container that is to be made, by when they are set. */
export interface NewLimits {
  /**
   * Before any process is inside: a realtime process cannot join a cgroup that has no realtime, and whatever the init uses
   * is counted.
   */
  readonly empty: readonly PlacedWrite[];
  /** When the init is there and waits: with its helper it would be more than the one process that a limit may allow. */
  readonly populated: readonly PlacedWrite[];
}

/**
 * The same for a container that is to be made.
 * @throws {SpecError} with every limit that this host cannot apply
 */
export function newLimits(
  { log }: Context,
  spec: ValidSpec,
  cgroup: NewCgroup,
): NewLimits {
  const plan = limitsOf(spec, cgroup);
  if (plan === null) return { empty: [], populated: [] };
  const { writes, findings } = plan;
  if (findings.problems.length > 0) throw new SpecError(CONFIG_FILE, findings.problems);
  for (const warning of findings.warnings) log.log("warning", warning);
  return {
    empty: writes.filter(({ file }) => file !== "pids.max"),
    populated: writes.filter(({ file }) => file === "pids.max"),
  };
}

/**
 * An ordinary user's container goes without the cgroups that it may not have, but not without limits.
 * @throws {HostError} naming the limit that has no cgroup
 */
export function requireCgroups(
  { empty, populated }: NewLimits,
  { directories }: CgroupDriver,
): void {
  const denied = [...empty, ...populated].find(({ place }) => !directories.includes(place.dir));
  if (denied === undefined) return;
  const { controller, place, origin } = denied;
  const why = place.hierarchy.version === 1
    ? `cannot set ${controller} limit: container could not join or create cgroup`
    : "rootless needs no limits + no cgrouppath when no permission is granted for cgroups";
  throw new HostError(`Cannot create cgroup ${place.dir} (${origin}): ${why}`);
}

/** Why a container could not be made, when the kernel says that it killed for want of memory. */
export function explainOom(cause: unknown, directories: readonly string[]): unknown {
  if (!(cause instanceof LaunchError) || oomKills(directories) === 0) return cause;
  return new LaunchError(
    "Cannot create container: container init was OOM-killed (memory limit too low?)",
    { cause },
  );
}
