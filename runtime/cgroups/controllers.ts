import { writeFile } from "syscalls/libc/paths.ts";
import type { Place } from "./place.ts";
import { readCgroupFile } from "./tree.ts";

/** What a version 2 tree can control, as its uppermost visible cgroup says. */
export function availableControllers({ hierarchy }: Place): readonly string[] {
  return controllersOf(hierarchy.mountpoint);
}

function controllersOf(dir: string): readonly string[] {
  return (readCgroupFile(`${dir}/cgroup.controllers`) ?? "").split(/\s+/).filter((name) =>
    name !== ""
  );
}

/**
 * Hands controllers down to a version 2 cgroup, through all that it is in (cgroup-v2.rst, "Enabling and Disabling").
 *
 * What cannot be handed down is no failure here: a cgroup with processes of its own hands on nothing, and a limit that then has
 * no file says so.
 */
export function enableControllers({ dir, hierarchy }: Place, wanted: readonly string[]): void {
  const missing = without(wanted, controllersOf(dir));
  if (missing.length === 0) return;
  const above: string[] = [];
  for (let at = dir; at !== hierarchy.mountpoint;) {
    at = at.slice(0, at.lastIndexOf("/"));
    above.unshift(at);
  }
  for (const at of above) handOn(`${at}/cgroup.subtree_control`, missing);
}

function without(names: readonly string[], others: readonly string[]): readonly string[] {
  return names.filter((name) => !others.includes(name));
}

/** All at once, which the kernel does or refuses as a whole; then those that it takes. */
function handOn(file: string, names: readonly string[]): void {
  const ask = (some: readonly string[]): number =>
    writeFile(file, some.map((name) => `+${name}`).join(" "), { create: null });
  if (ask(names) < 0 && names.length > 1) { for (const name of names) ask([name]); }
}
