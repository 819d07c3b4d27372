import type { Pid } from "syscalls/abi/brand.ts";
import { HostError } from "runtime/base/errors.ts";
import { type TakeBack, valuesBefore } from "runtime/cgroups/limits/apply.ts";
import type { FileValue } from "runtime/cgroups/limits/limit_write.ts";
import type { PlacedWrite } from "runtime/cgroups/limits/plan.ts";
import { limitProperties } from "runtime/cgroups/systemd/limit_properties.ts";
import { inWholePercents } from "runtime/cgroups/systemd/whole_percents.ts";
import type { RecordedUnit } from "runtime/state/record.ts";
import type { Context } from "./context.ts";
import { managerOf } from "./systemd_bus.ts";

/** Has systemd take away the unit of a container whose processes have ended. */
export function stopUnit({ log }: Context, { unit, manager }: RecordedUnit): void {
  using systemd = managerOf(manager);
  const warning = systemd.stop(unit);
  if (warning !== null) log.log("warning", warning);
}

/**
 * Has a user's systemd move a process into a container's unit: the kernel lets a user move processes inside what was delegated to it
 * and not into it, as from a login session (cgroups(7), "Delegation containment").
 *
 * @param sub the folder in the unit's own, "" for that itself
 * @throws {HostError} for what systemd refuses
 */
export function attachToUnit({ unit, manager }: RecordedUnit, sub: string, process: Pid): void {
  using systemd = managerOf(manager);
  systemd.attach(unit, sub === "" ? "/" : sub, process);
}

/** A container's unit that is told of new limits. */
export interface UnitChange {
  /** The writes as systemd will make them too. */
  readonly writes: readonly PlacedWrite[];
  /**
   * Tells systemd, before the writes are made: what it does not know it takes back when it is reloaded.
   * @throws {HostError} for what systemd refuses
   */
  tell(): TakeBack;
}

/** @param planned the limits as files of the container's cgroups */
export function unitChange(recorded: RecordedUnit, planned: readonly PlacedWrite[]): UnitChange {
  const writes = inWholePercents(planned);
  return {
    writes,
    tell(): TakeBack {
      // systemd writes to the same files at once.
      const before = valuesBefore(writes);
      setLimits(recorded, writes);
      return () => {
        try {
          setLimits(recorded, before);
          return [];
        } catch (cause) {
          if (!(cause instanceof HostError)) throw cause;
          return [`unit ${recorded.unit}`];
        }
      };
    },
  };
}

function setLimits({ unit, manager }: RecordedUnit, writes: readonly FileValue[]): void {
  using systemd = managerOf(manager);
  const properties = limitProperties(writes, systemd.version());
  if (properties.length > 0) systemd.setProperties(unit, properties);
}
