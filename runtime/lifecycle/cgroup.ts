import type { ContainerId } from "runtime/base/container_id.ts";
import type { HostFacts } from "runtime/base/facts.ts";
import type { CgroupDriver } from "runtime/cgroups/driver.ts";
import { deviceRules, deviceWrites } from "runtime/cgroups/device_rules.ts";
import { fsDriver } from "runtime/cgroups/fs_driver.ts";
import { hostLayout } from "runtime/cgroups/host_layout.ts";
import { placeContainer } from "runtime/cgroups/place.ts";
import { writeCgroupFile } from "runtime/cgroups/tree.ts";
import type { ValidSpec } from "runtime/spec/valid.ts";
import type { CgroupFacts } from "runtime/plan/plan.ts";

/** The cgroups that a container will have, and what the planner needs to know of them. */
export interface NewCgroup {
  readonly driver: CgroupDriver;
  readonly facts: CgroupFacts;
}

/** Works out where the container goes; nothing is made yet. */
export function newCgroup(
  cgroupsPath: string,
  id: ContainerId,
  { euid }: HostFacts,
): NewCgroup {
  const layout = hostLayout();
  const places = placeContainer(layout, cgroupsPath, id);
  const driver = fsDriver(places, euid === 0 ? "fail" : "skip");
  const { tasks, unified } = driver.selfJoin;
  const facts: CgroupFacts = {
    unified: layout.kind === "v2",
    hierarchies: places.map(({ hierarchy, dir }) => ({
      name: hierarchy.mountpoint.slice(hierarchy.mountpoint.lastIndexOf("/") + 1),
      version: hierarchy.version,
      controllers: hierarchy.controllers,
      directory: dir,
    })),
    tasks,
    unifiedDirectory: unified,
  };
  return { driver, facts };
}

/**
 * Allows and denies devices where the host has a version 1 devices hierarchy, before any process is inside.
 *
 * @returns a warning where there are rules and nothing to enforce them
 */
export function applyDeviceRules(spec: ValidSpec, { hierarchies }: CgroupFacts): string | null {
  const devices = hierarchies.find(({ controllers }) => controllers.includes("devices"));
  if (devices !== undefined) {
    for (const { file, value } of deviceWrites(spec)) {
      writeCgroupFile(`${devices.directory}/${file}`, value);
    }
    return null;
  }
  if (deviceRules(spec).length === 0) return null;
  return "/linux/resources/devices: this version of ocirt applies device rules on cgroup version 1 only";
}
