import type { MountAttrName, MountFlagName, ValidMount } from "runtime/spec/valid.ts";
import { hasNamespace, type PlanInput } from "../input.ts";
import { inUserNamespace } from "../namespaces.ts";
import type { Idmap, MountStep } from "../mount_step.ts";
import type { Step } from "../step.ts";
import { cgroupMountSteps, isCgroupTree } from "./cgroup_mounts.ts";

/** File systems that take their options by fsconfig(2); the rest are mounted by mount(2), whose ways they were written for. */
const BY_DESCRIPTOR: readonly string[] = [
  "bpf",
  "cgroup",
  "cgroup2",
  "debugfs",
  "devpts",
  "hugetlbfs",
  "mqueue",
  "proc",
  "ramfs",
  "securityfs",
  "sysfs",
  "tmpfs",
  "tracefs",
];

/** The kernel copies at most this many bytes, NUL included, of one fsconfig(2) value (fs/fsopen.c). */
const FSCONFIG_VALUE_SIZE = 256;

/** Flags that a mount has as attributes; the others belong to the file system and need mount(2). */
export const ATTRIBUTE_OF: Readonly<Partial<Record<MountFlagName, MountAttrName>>> = {
  MS_RDONLY: "MOUNT_ATTR_RDONLY",
  MS_NOSUID: "MOUNT_ATTR_NOSUID",
  MS_NODEV: "MOUNT_ATTR_NODEV",
  MS_NOEXEC: "MOUNT_ATTR_NOEXEC",
  MS_NOATIME: "MOUNT_ATTR_NOATIME",
  MS_NODIRATIME: "MOUNT_ATTR_NODIRATIME",
  MS_RELATIME: "MOUNT_ATTR_RELATIME",
  MS_STRICTATIME: "MOUNT_ATTR_STRICTATIME",
  MS_NOSYMFOLLOW: "MOUNT_ATTR_NOSYMFOLLOW",
};

/**
 * Flags of the file system itself, by the word that fsconfig(2) has for them; null where it has none, and none of
 * {@link BY_DESCRIPTOR} a use for the flag.
 */
const PARAMETER_OF: Readonly<Partial<Record<MountFlagName, string | null>>> = {
  MS_SYNCHRONOUS: "sync",
  MS_DIRSYNC: "dirsync",
  MS_LAZYTIME: "lazytime",
  MS_MANDLOCK: "mand",
  MS_SILENT: null,
  MS_I_VERSION: null,
};

/** The mounts of config.json, in the order given there. */
export function mountSteps(input: PlanInput): Step[] {
  return input.spec.mounts.flatMap((mount) => mountStepsOf(mount, input));
}

function mountStepsOf(mount: ValidMount, input: PlanInput): Step[] {
  const link = mount.copySymlink ? input.links.get(mount.source) : undefined;
  if (link !== undefined) return [copyLinkStep(mount, link)];
  if (mount.bind !== "none") {
    return [mount.remount ? changeStep(mount, input) : bindStep(mount, input)];
  }
  if (mount.type === "cgroup" || mount.type === "cgroup2") {
    return cgroupMountSteps(mount, input, (plain) => filesystemStep(plain, input));
  }
  return [filesystemStep(mount, input)];
}

/** crun's `copy-symlink`: the link itself, as it is on the host. */
function copyLinkStep({ destination, origin }: ValidMount, target: string): Step {
  const label = `link ${JSON.stringify(destination)} to ${JSON.stringify(target)}`;
  const path = destination;
  return { kind: "makeSymlink", target, path, replace: false, where: null, label, origin };
}

function words(mount: ValidMount): { label: string; origin: string } {
  const what = JSON.stringify(mount.bind === "none" ? mount.type : mount.source);
  const verb = mount.remount ? "remount" : mount.bind === "none" ? "mount" : "bind mount";
  return { label: `${verb} ${what} on ${JSON.stringify(mount.destination)}`, origin: mount.origin };
}

/** File systems that SELinux labels by itself, or file by file: they get no `context` option (runc's list, and its cgroup mounts). */
const LABELLED_BY_KERNEL: readonly string[] = ["cgroup", "cgroup2", "mqueue", "proc", "sysfs"];

/** The context of a mount (`linux.mountLabel`); "" for none. */
function contextOf(
  { type, data }: ValidMount,
  { spec: { mountContext, mountLabel } }: PlanInput,
): string {
  const own = LABELLED_BY_KERNEL.includes(type) ||
    data.some((option) => option.startsWith("context=") || option.startsWith(`${mountContext}=`));
  return own ? "" : mountLabel;
}

/** Where the host has what belongs to a namespace that an ordinary user's container may share with it. */
const HOSTS_OWN: Readonly<Record<string, string>> = { mqueue: "/dev/mqueue", sysfs: "/sys" };

/** A mount of its own file system. */
export function filesystemStep(mount: ValidMount, input: PlanInput): Step {
  const { type, source, destination, recursive, propagation } = mount;
  const context = contextOf(mount, input);
  const { mountContext } = input.spec;
  if (mount.remount || !fitsDescriptors(mount)) {
    const flags = deferReadonly(mount, input) ? without(mount.set, "MS_RDONLY") : mount.set;
    return {
      kind: "mountClassic",
      type,
      source,
      destination,
      flags,
      remount: mount.remount,
      // A context has commas of its own.
      data: [...mount.data, ...context === "" ? [] : [`${mountContext}="${context}"`]].join(","),
      recursive,
      propagation,
      ...words(mount),
    };
  }
  const attributes = attributesOf(mount.set);
  return {
    kind: "mountFilesystem",
    type,
    source,
    destination,
    attributes: deferReadonly(mount, input) ? without(attributes, "MOUNT_ATTR_RDONLY") : attributes,
    parameters: [
      ...mount.set.flatMap((flag) => PARAMETER_OF[flag] ?? []),
      ...mount.data,
      ...context === "" ? [] : [`${mountContext}=${context}`],
    ],
    recursive,
    propagation,
    ordinaryDirectory: type === "proc" || type === "sysfs",
    orHosts: inUserNamespace(input) ? HOSTS_OWN[type] ?? null : null,
    relabel: type === "mqueue" ? input.spec.mountLabel : "",
    copyUp: mount.tmpcopyup,
    inheritMode: type === "tmpfs" && !mount.data.some((option) => option.startsWith("mode=")),
    ...words(mount),
  };
}

function fitsDescriptors(mount: ValidMount): boolean {
  return (BY_DESCRIPTOR.includes(mount.type) || mount.tmpcopyup) &&
    mount.set.every((flag) => ATTRIBUTE_OF[flag] !== undefined || flag in PARAMETER_OF) &&
    mount.data.every((option) => option.length < FSCONFIG_VALUE_SIZE / 2);
}

export function attributesOf(flags: readonly MountFlagName[]): MountAttrName[] {
  // Attributes are a choice of one where mount(2) has flags of which the strict one wins (do_mount() of fs/namespace.c).
  const strict = flags.includes("MS_STRICTATIME");
  return flags.flatMap((flag) => strict && flag === "MS_NOATIME" ? [] : ATTRIBUTE_OF[flag] ?? []);
}

function without<T>(list: readonly T[], item: T): T[] {
  return list.filter((it) => it !== item);
}

/** A tmpfs is filled by later steps (mount points, device nodes), so it becomes read-only only when all is there. */
function deferReadonly(mount: ValidMount, input: PlanInput): boolean {
  return !mount.remount && mount.type === "tmpfs" && mount.set.includes("MS_RDONLY") &&
    hasNamespace(input.spec, "mount");
}

/** Makes read-only what had to stay writable while it was filled. */
export function finishReadonlyMountSteps(input: PlanInput): Step[] {
  return input.spec.mounts.filter((mount) =>
    mount.bind === "none" && deferReadonly(mount, input) ||
    isCgroupTree(mount, input) && mount.set.includes("MS_RDONLY")
  ).map(({ destination, origin }) => ({
    kind: "makeReadonly",
    path: destination,
    label: `make ${JSON.stringify(destination)} read-only`,
    origin,
  }));
}

/** A remount with `bind` is about the mount alone, and needs no source (mount(2)). */
function changeStep(mount: ValidMount, input: PlanInput): Step & MountStep {
  const { destination, recursive, propagation, origin } = mount;
  return {
    kind: "changeMount",
    destination,
    attributes: { set: attributesOf(mount.set), clear: attributesOf(mount.clear) },
    recursive,
    propagation,
    flagsMayBeLocked: inUserNamespace(input),
    label: `remount ${JSON.stringify(destination)}`,
    origin,
  };
}

/** A bind mount. Without any flag word the source's attributes stay as they are (as runc, unlike mount(8)). */
function bindStep(mount: ValidMount, input: PlanInput): Step & MountStep {
  const { source, destination, bind, recursive, propagation, sourceNofollow } = mount;
  const { destinationNofollow } = mount;
  const plain = mount.set.length === 0 && mount.clear.length === 0;
  return {
    kind: "mountBind",
    source,
    destination,
    deep: bind === "recursive",
    sourceNofollow,
    takesOpened: false,
    destinationNofollow,
    attributes: plain ? null : { set: attributesOf(mount.set), clear: attributesOf(mount.clear) },
    recursive,
    propagation,
    mustBeProc: destination === "/proc",
    sourceIsDirectory: false,
    flagsMayBeLocked: inUserNamespace(input),
    idmap: idmapOf(mount),
    ...words(mount),
  };
}

function idmapOf({ idmap, uidMappings, gidMappings }: ValidMount): Idmap | null {
  return idmap === "none" ? null : { uidMappings, gidMappings, deep: idmap === "recursive" };
}
