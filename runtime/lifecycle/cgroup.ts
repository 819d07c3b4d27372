import type { ContainerId } from "runtime/base/container_id.ts";
import type { HostFacts } from "runtime/base/facts.ts";
import type { CgroupDriver } from "runtime/cgroups/driver.ts";
import { openFlags } from "syscalls/abi/open.ts";
import { attachDeviceProgram } from "syscalls/libc/bpf.ts";
import { openFile } from "syscalls/libc/files.ts";
import { hostArch } from "syscalls/libc/library.ts";
import { compileDevices } from "runtime/compile/devices/program.ts";
import { deviceRules } from "runtime/spec/device_rules.ts";
import { deviceWrites } from "runtime/cgroups/device_writes.ts";
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

/** Allows and denies devices, before any process is inside: by version 1 files where there are some, else by a program. */
export function applyDeviceRules(
  spec: ValidSpec,
  { hierarchies, unifiedDirectory }: CgroupFacts,
): void {
  const rules = deviceRules(spec);
  if (rules.length === 0) return;
  const devices = hierarchies.find(({ controllers }) => controllers.includes("devices"));
  if (devices !== undefined) {
    for (const { file, value } of deviceWrites(rules)) {
      writeCgroupFile(`${devices.directory}/${file}`, value);
    }
  } else if (unifiedDirectory !== null) {
    const O = openFlags(hostArch());
    using cgroup = openFile(unifiedDirectory, O.of("O_RDONLY", "O_DIRECTORY"));
    attachDeviceProgram(cgroup.fd, compileDevices(rules));
  }
}
