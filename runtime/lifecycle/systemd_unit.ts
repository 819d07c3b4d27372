import type { FileValue } from "runtime/cgroups/limits/limit_write.ts";
import { limitProperties } from "runtime/cgroups/systemd/limit_properties.ts";
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
 * Tells systemd of new limits, before they are written to the cgroups: what it does not know it takes back when it is
 * reloaded.
 *
 * @param writes the limits as files of the container's cgroups
 * @throws {HostError} for what systemd refuses
 */
export function changeUnit({ unit, manager }: RecordedUnit, writes: readonly FileValue[]): void {
  using systemd = managerOf(manager);
  const properties = limitProperties(writes, systemd.version());
  if (properties.length > 0) systemd.setProperties(unit, properties);
}
