import type { Fd } from "syscalls/abi/brand.ts";
import { DEFAULT_DEVICES } from "runtime/plan/rootfs/devices.ts";
import { isNew } from "runtime/plan/input.ts";
import { NOTIFY_FOLDER } from "runtime/plan/notify.ts";
import type { CgroupFacts } from "runtime/plan/plan.ts";
import type { ValidMount, ValidSpec } from "runtime/spec/valid.ts";
import { leadsTo } from "./make_place.ts";

/** A mount of a container that shows files of the host: an image has its place alone. */
export interface ExternalMount {
  /** Where it is in the container; no symlink is on the way. */
  readonly place: string;
  /** What of the host is mounted there. */
  readonly source: string;
  /** With what is mounted in it. */
  readonly deep: boolean;
}

/** What stands for every masked file of a container. */
export const MASK = "/dev/null";

/** What {@link externalMounts} goes by. */
export interface MountScene {
  readonly spec: ValidSpec;
  /** The container's root; links are followed in it. */
  readonly root: Fd;
  readonly cgroups: Pick<CgroupFacts, "unified" | "hierarchies">;
  /** The folder on the host that has, or would have, the socket by which the container tells that it is ready. */
  readonly notify: string;
}

/** Every place of a container where files of the host may be mounted; those that are not mounted are no harm. */
export function externalMounts({ spec, root, cgroups, notify }: MountScene): ExternalMount[] {
  const placed = (path: string): string => `/${leadsTo(root, path).join("/")}`;
  const one = (path: string, source: string): ExternalMount => ({
    place: placed(path),
    source,
    deep: false,
  });
  const mounts = spec.mounts.flatMap((mount): ExternalMount[] => {
    const { bind, source, destination, copySymlink } = mount;
    if (bind !== "none") {
      return copySymlink ? [] : [{ ...one(destination, source), deep: bind === "recursive" }];
    }
    return cgroupMounts(mount, spec, cgroups).map(([path, dir]) => one(path, dir));
  });
  const devices = [...DEFAULT_DEVICES.map(([name]) => `/dev/${name}`), ...devicePaths(spec)];
  return [
    ...mounts,
    ...devices.map((path) => one(path, path)),
    one(NOTIFY_FOLDER, notify),
  ];
}

function devicePaths({ devices }: ValidSpec): string[] {
  return devices.filter(({ type }) => type !== "p").map(({ path }) => path);
}

/** Where a `cgroup` mount shows the container's own folders by binding them, as runtime/plan/rootfs/cgroup_mounts.ts has it. */
function cgroupMounts(
  { type, destination }: ValidMount,
  spec: ValidSpec,
  { unified, hierarchies }: MountScene["cgroups"],
): (readonly [path: string, directory: string])[] {
  const isCgroup = type === "cgroup" || type === "cgroup2";
  if (!isCgroup || isNew(spec, "cgroup")) return [];
  if (unified || type === "cgroup2") {
    return hierarchies.filter(({ version }) => version === 2).map(({ directory }) => [
      destination,
      directory,
    ]);
  }
  return hierarchies.map(({ name, directory }) => [`${destination}/${name}`, directory]);
}

/** The places of files that are masked; folders are masked by file systems of the container's own. */
export function maskedPlaces({ spec, root }: MountScene): string[] {
  return spec.maskedPaths.map(({ path }) => `/${leadsTo(root, path).join("/")}`);
}

/**
 * The mounts below those that were bound with all that was in them, as further external ones.
 *
 * @param mountpoints of the place where `from` tells where a mount is: in the container, or on the host
 */
export function nestedMounts(
  mounts: readonly ExternalMount[],
  others: readonly string[],
  mountpoints: readonly string[],
  from: "place" | "source",
): ExternalMount[] {
  const known = new Set([...mounts.map(({ place }) => place), ...others]);
  const found = new Map<string, ExternalMount>();
  for (const { place, source, deep } of mounts) {
    if (!deep) continue;
    const base = from === "place" ? place : source;
    for (const mountpoint of mountpoints) {
      if (!mountpoint.startsWith(base === "/" ? "/" : `${base}/`)) continue;
      const below = mountpoint.slice(base === "/" ? 0 : base.length);
      const nested = { place: under(place, below), source: under(source, below), deep: false };
      const owner = nearest(known, nested.place);
      if (below !== "/" && owner === place && !known.has(nested.place)) {
        found.set(nested.place, nested);
      }
    }
  }
  return [...found.values()];
}

function under(base: string, below: string): string {
  return base === "/" ? below : base + below;
}

/** The longest of some places that a path is at or below. */
function nearest(places: ReadonlySet<string>, path: string): string {
  for (let at = path; at !== ""; at = at.slice(0, at.lastIndexOf("/"))) {
    if (places.has(at)) return at;
  }
  return "/";
}
