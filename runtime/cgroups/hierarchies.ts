/** One tree of control groups that is mounted on this host. */
export interface Hierarchy {
  readonly version: 1 | 2;
  /** What it controls: `cpu`, `memory`; named trees as `name=systemd`. Empty for version 2, whose folders say it themselves. */
  readonly controllers: readonly string[];
  readonly mountpoint: string;
  /** The cgroup that is seen at the mountpoint: `/`, or deeper inside a container without a cgroup namespace. */
  readonly root: string;
  /** The cgroup of this process in it, as from `/`. */
  readonly own: string;
}

/** The control groups of a host. */
export interface Layout {
  /** `hybrid`: version 2 beside version 1. `none`: no tree is mounted. */
  readonly kind: "v1" | "v2" | "hybrid" | "none";
  readonly hierarchies: readonly Hierarchy[];
}

/**
 * Reads the layout out of the texts of /proc/self/mountinfo and /proc/self/cgroup (proc(5), cgroups(7)).
 * A tree that is mounted more than once is taken where this process's own cgroup can be seen.
 */
export function parseLayout(mountinfo: string, cgroup: string): Layout {
  const mounts = parseMounts(mountinfo);
  const hierarchies: Hierarchy[] = [];
  let kind: Layout["kind"] = "none";
  for (const line of cgroup.split("\n")) {
    // ID:CONTROLLERS:PATH; version 2 is the one without controllers.
    const first = line.indexOf(":");
    const second = line.indexOf(":", first + 1);
    if (second < 0) continue;
    const names = line.slice(first + 1, second);
    const controllers = names === "" ? [] : names.split(",");
    const own = line.slice(second + 1);
    const mount = findMount(mounts, controllers, own);
    if (mount === null) continue;
    const { version, mountpoint, root } = mount;
    hierarchies.push({ version, controllers, mountpoint, root, own });
    if (kind === "none") kind = version === 1 ? "v1" : "v2";
    else if (kind !== (version === 1 ? "v1" : "v2")) kind = "hybrid";
  }
  return { kind, hierarchies };
}

interface Mount {
  readonly version: 1 | 2;
  readonly mountpoint: string;
  readonly root: string;
  readonly options: readonly string[];
}

const MARK = " - cgroup";

function parseMounts(mountinfo: string): Mount[] {
  const mounts: Mount[] = [];
  for (let at = mountinfo.indexOf(MARK); at >= 0; at = mountinfo.indexOf(MARK, at + 1)) {
    const end = mountinfo.indexOf("\n", at);
    const [, , type, , options] = mountinfo.slice(at, end < 0 ? undefined : end).split(" ");
    const start = mountinfo.lastIndexOf("\n", at) + 1;
    const [, , , root, mountpoint] = mountinfo.slice(start, at).split(" ", 5);
    if (type !== "cgroup" && type !== "cgroup2") continue;
    if (root === undefined || mountpoint === undefined || options === undefined) continue;
    mounts.push({
      version: type === "cgroup" ? 1 : 2,
      mountpoint: unescape(mountpoint),
      root: unescape(root),
      options: options.split(","),
    });
  }
  return mounts;
}

/** The mount of a tree, if possible one in which the cgroup `own` can be seen. */
function findMount(
  mounts: readonly Mount[],
  controllers: readonly string[],
  own: string,
): Mount | null {
  // A controller is in one tree alone, so the first name stands for all.
  const [name] = controllers;
  let found: Mount | null = null;
  for (const mount of mounts) {
    const holds = name === undefined
      ? mount.version === 2
      : mount.version === 1 && mount.options.includes(name);
    if (!holds) continue;
    if (isBelow(own, mount.root)) return mount;
    found ??= mount;
  }
  return found;
}

/** The kernel writes blanks and backslashes in paths as `\040` and the like. */
function unescape(path: string): string {
  if (!path.includes("\\")) return path;
  return path.replace(
    /\\([0-7]{3})/g,
    (_, octal: string) => String.fromCharCode(parseInt(octal, 8)),
  );
}

/** Whether `path` is `root` or inside it; both absolute and clean. */
export function isBelow(path: string, root: string): boolean {
  return root === "/" || path === root || path.startsWith(`${root}/`);
}
