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
  for (const { controllers, own } of parseOwn(cgroup)) {
    const candidates = mounts.filter((mount) => holds(mount, controllers));
    const mount = candidates.find(({ root }) => isBelow(own, root)) ?? candidates[0];
    if (mount === undefined) continue;
    const { version, mountpoint, root } = mount;
    hierarchies.push({ version, controllers, mountpoint, root, own });
  }
  return { kind: kindOf(hierarchies), hierarchies };
}

function kindOf(hierarchies: readonly Hierarchy[]): Layout["kind"] {
  const v1 = hierarchies.some(({ version }) => version === 1);
  const v2 = hierarchies.some(({ version }) => version === 2);
  if (v1) return v2 ? "hybrid" : "v1";
  return v2 ? "v2" : "none";
}

/** Lines of `ID:CONTROLLERS:PATH`; version 2 is the one without controllers. */
function parseOwn(cgroup: string): { controllers: string[]; own: string }[] {
  const entries: { controllers: string[]; own: string }[] = [];
  for (const line of cgroup.split("\n")) {
    const first = line.indexOf(":");
    const second = line.indexOf(":", first + 1);
    if (second < 0) continue;
    const names = line.slice(first + 1, second);
    entries.push({
      controllers: names === "" ? [] : names.split(","),
      own: line.slice(second + 1),
    });
  }
  return entries;
}

interface Mount {
  readonly version: 1 | 2;
  readonly mountpoint: string;
  readonly root: string;
  readonly options: readonly string[];
}

function parseMounts(mountinfo: string): Mount[] {
  const mounts: Mount[] = [];
  for (const line of mountinfo.split("\n")) {
    const separator = line.indexOf(" - cgroup");
    if (separator < 0) continue;
    const [type, , options] = line.slice(separator + 3).split(" ");
    const [, , , root, mountpoint] = line.split(" ");
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

function holds(mount: Mount, controllers: readonly string[]): boolean {
  if (controllers.length === 0) return mount.version === 2;
  return mount.version === 1 && controllers.every((name) => mount.options.includes(name));
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
