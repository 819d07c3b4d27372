import { SyscallError } from "syscalls/abi/syscall_error.ts";
import type { ContainerId } from "runtime/base/container_id.ts";
import { HostError } from "runtime/base/errors.ts";
import type { HostFacts } from "runtime/base/facts.ts";
import type { CgroupDriver, SelfJoin } from "runtime/cgroups/driver.ts";
import type { Layout } from "runtime/cgroups/hierarchies.ts";
import type { RecordedUnit } from "runtime/state/record.ts";
import type { Pid } from "syscalls/abi/brand.ts";
import { openFlags } from "syscalls/abi/open.ts";
import { attachDeviceProgram } from "syscalls/libc/bpf.ts";
import { openFile } from "syscalls/libc/files.ts";
import { hostArch } from "syscalls/libc/library.ts";
import { compileDevices } from "runtime/compile/devices/program.ts";
import { type DeviceRule, deviceRules } from "runtime/spec/device_rules.ts";
import { deviceWrites } from "runtime/cgroups/device_writes.ts";
import { fsDriver, type WhenDenied } from "runtime/cgroups/fs_driver.ts";
import { hostLayout } from "runtime/cgroups/host_layout.ts";
import { type Place, placeContainer, visiblePath } from "runtime/cgroups/place.ts";
import { writeCgroupFile } from "runtime/cgroups/tree.ts";
import type { FileValue } from "runtime/cgroups/limits/limit_write.ts";
import type { PlacedWrite } from "runtime/cgroups/limits/plan.ts";
import type { ValidSpec } from "runtime/spec/valid.ts";
import type { CgroupFacts } from "runtime/plan/plan.ts";
import type { Context } from "./context.ts";

/** The cgroups that a container will have, and what the planner needs to know of them. */
export interface NewCgroup {
  readonly driver: CgroupDriver;
  /** Where it is to go, one a tree. */
  readonly places: readonly Place[];
  /** Once they are made: it is known then which of them the container goes without. */
  readonly facts: CgroupFacts;
  /** What else there is to do where systemd makes them; null where the runtime does. */
  readonly systemd: Adoption | null;
  /** Whether the container can do without the device rules that the runtime may not set. */
  readonly isRootless: boolean;
  /** Whether it was asked to have none. */
  readonly isDisabled: boolean;
}

/** Cgroups that do not exist before the container's init does. */
export interface Adoption {
  readonly unit: RecordedUnit;
  /** Writes of limits as their manager will make them as well. */
  asManaged(writes: readonly PlacedWrite[]): readonly PlacedWrite[];
  /** Has them made around the init, which waits, and their manager told of the limits that will be written to them. */
  adopt(init: Pid, limits: readonly FileValue[]): void;
}

/** Works out where the container goes; nothing is made yet. */
export function newCgroup(
  { cgroupsPath, delegatedCgroup }: Pick<ValidSpec, "cgroupsPath" | "delegatedCgroup">,
  id: ContainerId,
  isRootless: boolean,
): NewCgroup {
  const layout = hostLayout();
  const places = placeContainer(layout, cgroupsPath, id);
  const mayMiss = isRootless && delegatedCgroup === "";
  const driver = fsDriver(places, mayMiss ? whenDenied(cgroupsPath, layout) : "fail");
  return {
    driver,
    places,
    get facts() {
      return cgroupFacts(layout, places, driver.selfJoin, driver.directories);
    },
    systemd: null,
    isRootless,
    isDisabled: false,
  };
}

/**
 * Who asks for no cgroup by name can do without: an ordinary user often has none to give. By name those of version 1 are meant
 * where there are some, which is all that runc makes there.
 */
function whenDenied(cgroupsPath: string, { kind }: Layout): WhenDenied {
  if (cgroupsPath === "") return "skip";
  return kind === "hybrid" ? "skipUnified" : "fail";
}

/** Whether what an ordinary user may not do with cgroups is to be expected: `--rootless`, or else what the caller is. */
export function isRootless(
  { rootless }: Pick<Context, "rootless">,
  { euid, inUserNamespace }: HostFacts,
): boolean {
  return rootless ?? (euid !== 0 || inUserNamespace);
}

/**
 * What the planner is told of a container's cgroups, and in which of them the init enters by itself.
 *
 * @param made the folders of those that the container has; in the other trees it stays where the caller is
 */
export function cgroupFacts(
  { kind }: Layout,
  places: readonly Place[],
  { tasks, unified }: SelfJoin,
  made: readonly string[],
): CgroupFacts {
  return {
    unified: kind === "v2",
    hierarchies: places.map(({ hierarchy, dir }) => {
      const isOwn = made.includes(dir);
      return {
        name: hierarchy.mountpoint.slice(hierarchy.mountpoint.lastIndexOf("/") + 1),
        version: hierarchy.version,
        controllers: hierarchy.controllers,
        directory: isOwn ? dir : visiblePath(hierarchy, hierarchy.own),
        isOwn,
      };
    }),
    tasks,
    unifiedDirectory: unified,
  };
}

/** The same for an init that is moved into all of them. */
export function entersNothing(facts: CgroupFacts): CgroupFacts {
  return { ...facts, tasks: [], unifiedDirectory: null };
}

/**
 * What there is to do about device rules: writes to version 1 files where there are some, else a program for version 2;
 * `missing` where the host has neither.
 */
export type DeviceControl =
  | { readonly kind: "writes"; readonly writes: readonly FileWrite[] }
  | { readonly kind: "program"; readonly cgroup: string; readonly rules: readonly DeviceRule[] }
  | { readonly kind: "none" | "missing" };

/** Why device rules are refused. */
export const NO_DEVICE_CONTROL =
  "neither cgroup version 2 nor the devices controller of version 1 is mounted";

export interface FileWrite {
  /** Absolute. */
  readonly path: string;
  readonly value: string;
}

export function deviceControl(
  spec: ValidSpec,
  { hierarchies, unifiedDirectory }: CgroupFacts,
): DeviceControl {
  const rules = deviceRules(spec);
  if (rules.length === 0) return { kind: "none" };
  const devices = hierarchies.find(({ controllers, isOwn }) =>
    isOwn && controllers.includes("devices")
  );
  if (devices !== undefined) {
    const writes = deviceWrites(rules).map(({ file, value }) => ({
      path: `${devices.directory}/${file}`,
      value,
    }));
    return { kind: "writes", writes };
  }
  if (unifiedDirectory === null) return { kind: "missing" };
  return { kind: "program", cgroup: unifiedDirectory, rules };
}

/**
 * Allows and denies devices, before any process is inside.
 * @throws {HostError} where nothing on the host can: a container without the rules would have every device
 */
export function applyDeviceControl(control: DeviceControl): void {
  switch (control.kind) {
    case "writes":
      for (const { path, value } of control.writes) writeCgroupFile(path, value);
      return;
    case "program": {
      const O = openFlags(hostArch());
      using cgroup = openFile(control.cgroup, O.of("O_RDONLY", "O_DIRECTORY"));
      return attachDeviceProgram(cgroup.fd, compileDevices(control.rules));
    }
    case "missing":
      throw new HostError(`Cannot control devices: ${NO_DEVICE_CONTROL}`);
    case "none":
      return;
  }
}

/**
 * The same for a container without a device of its own: it gets those that its user has anyway, and the kernel lets nobody make
 * nodes in a user namespace.
 *
 * @returns why the rules are not in force; null when they are
 */
export function tryDeviceControl(control: DeviceControl): string | null {
  try {
    applyDeviceControl(control);
    return null;
  } catch (cause) {
    if (cause instanceof HostError || cause instanceof SyscallError) return cause.message;
    throw cause;
  }
}
