import { HostError } from "runtime/base/errors.ts";
import { ioCode, ioReason } from "runtime/base/io_failure.ts";
import type { Place } from "./place.ts";
import { readCgroupFile, writeCgroupFile } from "./tree.ts";

/** How often a parent may vanish (another container's delete takes empty ones away) before that is an error. */
const ATTEMPTS = 10;

/**
 * Makes the folder of a place, with its parents, and puts those that were made on `made`, parents first.
 * True when the folder itself is new.
 */
export function makePlace({ dir, hierarchy }: Place, made: string[]): boolean {
  const isNew = makeDir(dir, hierarchy.mountpoint, made);
  if (hierarchy.version === 1 && hierarchy.controllers.includes("cpuset")) {
    for (const file of ["cpuset.cpus", "cpuset.mems"]) {
      inherit(dir, hierarchy.mountpoint, file);
    }
  }
  return isNew;
}

function makeDir(dir: string, mountpoint: string, made: string[]): boolean {
  for (let attempt = 1;; attempt++) {
    try {
      Deno.mkdirSync(dir, { mode: 0o755 });
      made.push(dir);
      return true;
    } catch (cause) {
      const code = ioCode(cause);
      if (code === "EEXIST") return false;
      if (code !== "ENOENT" || dir === mountpoint || attempt === ATTEMPTS) {
        throw refused(dir, cause);
      }
    }
    makeDir(parentOf(dir), mountpoint, made);
  }
}

/** The folders that {@link makePlace} would make, parents first. */
export function missingDirs({ dir, hierarchy: { mountpoint } }: Place): string[] {
  const missing: string[] = [];
  for (let at = dir; at !== mountpoint && !exists(at); at = parentOf(at)) missing.unshift(at);
  return missing;
}

function exists(dir: string): boolean {
  try {
    Deno.lstatSync(dir);
    return true;
  } catch (cause) {
    if (ioCode(cause) === "ENOENT") return false;
    throw new HostError(`Cannot look at ${dir}: ${ioReason(cause)}`, { cause });
  }
}

/**
 * Gives a version 1 cpuset its parent's CPUs or memory nodes: a new one has none, and no process may join it then (cgroup-v1/cpusets).
 */
function inherit(dir: string, mountpoint: string, file: string): string {
  const own = readCgroupFile(`${dir}/${file}`)?.trim() ?? "";
  if (own !== "" || dir === mountpoint) return own;
  const value = inherit(parentOf(dir), mountpoint, file);
  writeCgroupFile(`${dir}/${file}`, value);
  return value;
}

function parentOf(dir: string): string {
  return dir.slice(0, dir.lastIndexOf("/"));
}

function refused(dir: string, cause: unknown): HostError {
  return new HostError(
    `Cannot create cgroup ${dir}: ${
      ioReason(cause)
    }; hint: the runtime needs cgroup file systems that it may write to`,
    { cause },
  );
}
