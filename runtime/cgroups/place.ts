import { type Hierarchy, isBelow, type Layout } from "./hierarchies.ts";

/** Where a container goes in one tree. */
export interface Place {
  readonly hierarchy: Hierarchy;
  /** Absolute folder. */
  readonly dir: string;
}

/**
 * Where a container goes in each tree, as runc has it: an absolute `cgroupsPath` is below the mountpoint, a relative one, or the id when there is none, is
 * below this process's own cgroup; where version 2 stands alone, below the parent of that, because a version 2 cgroup that
 * has processes cannot hand controllers on to children. `..` never leads out of the tree.
 */
export function placeContainer(layout: Layout, cgroupsPath: string, id: string): readonly Place[] {
  const wanted = cgroupsPath === "" ? id : cgroupsPath;
  const path = cleanPath(wanted);
  return layout.hierarchies.map((hierarchy) => {
    const base = wanted.startsWith("/")
      ? hierarchy.mountpoint
      : visiblePath(hierarchy, ownBase(layout, hierarchy));
    return { hierarchy, dir: path === "/" ? base : base + path };
  });
}

function ownBase(layout: Layout, { own }: Hierarchy): string {
  const clean = cleanPath(own);
  if (layout.kind !== "v2") return clean;
  return clean.slice(0, clean.lastIndexOf("/")) || "/";
}

/** The folder of a cgroup; the mountpoint for one that is outside of what is mounted. */
export function visiblePath({ mountpoint, root }: Hierarchy, cgroup: string): string {
  if (!isBelow(cgroup, root)) return mountpoint;
  const inside = root === "/" ? cgroup : cgroup.slice(root.length);
  return inside === "/" ? mountpoint : mountpoint + inside;
}

/** A place below another, `a/b`; "" for the same. */
export function placeBelow({ hierarchy, dir }: Place, path: string): Place {
  return { hierarchy, dir: directoryBelow(dir, path) };
}

/** Likewise of folders alone. */
export function directoryBelow(directory: string, path: string): string {
  return path === "" ? directory : `${directory}/${path}`;
}

/** An absolute path without `.`, `..` and empty components, `..` of the root being the root. */
export function cleanPath(path: string): string {
  const names: string[] = [];
  for (const name of path.split("/")) {
    if (name === "..") names.pop();
    else if (name !== "" && name !== ".") names.push(name);
  }
  return `/${names.join("/")}`;
}
