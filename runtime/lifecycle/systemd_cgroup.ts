import type { ContainerId } from "runtime/base/container_id.ts";
import { HostError, type Problem, SpecError } from "runtime/base/errors.ts";
import type { HostFacts } from "runtime/base/facts.ts";
import { ioReason } from "runtime/base/io_failure.ts";
import type { Layout } from "runtime/cgroups/hierarchies.ts";
import { hostLayout } from "runtime/cgroups/host_layout.ts";
import { fsDriver } from "runtime/cgroups/fs_driver.ts";
import { type Place, placeBelow, visiblePath } from "runtime/cgroups/place.ts";
import { annotationProperties } from "runtime/cgroups/systemd/annotation_properties.ts";
import { deviceGroup } from "runtime/cgroups/systemd/device_groups.ts";
import { deviceProperties } from "runtime/cgroups/systemd/device_properties.ts";
import { SystemdDriver } from "runtime/cgroups/systemd/driver.ts";
import { limitProperties, oomPolicy } from "runtime/cgroups/systemd/limit_properties.ts";
import type { UnitProperty } from "runtime/cgroups/systemd/property.ts";
import {
  type ContainerUnit,
  parseUnit,
  unitCgroup,
  UnitNameError,
} from "runtime/cgroups/systemd/unit_name.ts";
import { unitProperties } from "runtime/cgroups/systemd/unit_properties.ts";
import { inWholePercents } from "runtime/cgroups/systemd/whole_percents.ts";
import { deviceRules } from "runtime/spec/device_rules.ts";
import type { ValidSpec } from "runtime/spec/valid.ts";
import type { RecordedUnit } from "runtime/state/record.ts";
import { cgroupFacts, isRootless, type NewCgroup } from "./cgroup.ts";
import type { Context } from "./context.ts";
import { managerFor, managerOf, requireSystemd } from "./systemd_bus.ts";

/** What errors call the configuration. */
const CONFIG_FILE = "config.json";

const DEFAULT_SLICES = { system: "system.slice", user: "user.slice" } as const;

/**
 * The cgroups of a container whose unit systemd will make; nothing is made yet.
 *
 * @throws {SpecError} for a `cgroupsPath` that names no unit, and annotations that are no properties
 * @throws {HostError} without systemd
 */
export function systemdCgroup(
  context: Context,
  spec: ValidSpec,
  id: ContainerId,
  facts: HostFacts,
): NewCgroup {
  const { log } = context;
  requireSystemd();
  const whose = managerFor(facts);
  const unit = unitOf(spec, id, whose);
  const annotated = annotationProperties(spec.annotations);
  if (annotated.problems.length > 0) throw new SpecError(CONFIG_FILE, annotated.problems);
  const layout = hostLayout();
  if (whose === "user" && layout.kind !== "v2") {
    throw new HostError("cannot use rootless systemd cgroups manager on cgroup v1");
  }
  const manager = managerOf(whose);
  const version = manager.version();
  const group = unitCgroup(unit, manager.controlGroup());
  const unitPlaces = placesOf(layout, group);
  const places = unitPlaces.map((place) => placeBelow(place, spec.systemdSubgroup));
  const rules = ruleProperties(spec, layout, version);
  const driver = new SystemdDriver(manager, {
    unit: unit.unit,
    unitPlaces,
    places,
    properties: (init, limits) => [
      ...unitProperties(unit, [init], layout.kind === "v2"),
      ...annotated.properties,
      ...oomPolicy(limits, version),
      ...rules,
      ...limitProperties(limits, version),
    ],
    log: (warning) => log.log("warning", warning),
  });
  const { selfJoin, directories } = fsDriver(places, "fail");
  return {
    driver,
    places,
    facts: cgroupFacts(layout, places, selfJoin, directories),
    systemd: {
      unit: { unit: unit.unit, manager: whose },
      asManaged: inWholePercents,
      adopt: (init, limits) => driver.adopt(init, limits),
    },
    isRootless: isRootless(context, facts),
    isDisabled: false,
  };
}

/** The folders of a cgroup, one a tree. */
function placesOf({ hierarchies }: Layout, cgroup: string): readonly Place[] {
  return hierarchies.map((hierarchy) => ({ hierarchy, dir: visiblePath(hierarchy, cgroup) }));
}

function unitOf(
  { cgroupsPath }: ValidSpec,
  id: ContainerId,
  whose: RecordedUnit["manager"],
): ContainerUnit {
  try {
    return parseUnit(cgroupsPath, id, DEFAULT_SLICES[whose]);
  } catch (cause) {
    if (!(cause instanceof UnitNameError)) throw cause;
    const problem: Problem = { path: "/linux/cgroupsPath", text: cause.message };
    throw new SpecError(CONFIG_FILE, [problem]);
  }
}

function ruleProperties(spec: ValidSpec, { kind }: Layout, version: number): UnitProperty[] {
  return deviceProperties(deviceRules(spec), {
    version,
    ownProgram: kind === "v2",
    groupOf: (type, major) => deviceGroup(readDevices(), type, major),
  });
}

function readDevices(): string {
  try {
    return Deno.readTextFileSync("/proc/devices");
  } catch (cause) {
    throw new HostError(`Cannot read /proc/devices: ${ioReason(cause)}`, { cause });
  }
}
