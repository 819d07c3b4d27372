import { type Mode, mode } from "syscalls/abi/brand.ts";
import { ERRNO } from "syscalls/abi/errno.ts";
import { SyscallError } from "syscalls/abi/syscall_error.ts";
import { findPath, makeDirectory } from "syscalls/libc/paths.ts";
import { HostError } from "runtime/base/errors.ts";
import { errnoReason } from "runtime/base/io_failure.ts";
import type { Place } from "./place.ts";
import { readCgroupFile, writeCgroupFile } from "./tree.ts";

/** How often a parent may vanish (another container's delete takes empty ones away) before that is an error. */
const ATTEMPTS = 10;

const PERMISSIONS: Mode = mode(0o755);

/**
 * Makes the folder of a place, with its parents, and puts those that were made on `made`, parents first.
 * True when the folder itself is new.
 */
export function makePlace({ dir, hierarchy }: Place, made: string[]): boolean {
  const isNew = makeDir(dir, hierarchy.mountpoint, made);
  if (hierarchy.version === 1 && hierarchy.controllers.includes("cpuset")) {
    for (const file of ["cpuset.cpus", "cpuset.mems"]) {
      // A new one has none, or its parent's already (cgroup.clone_children).
      if (!isNew) inherited(dir, hierarchy.mountpoint, file);
      else writeCgroupFile(`${dir}/${file}`, inherited(parentOf(dir), hierarchy.mountpoint, file));
    }
  }
  return isNew;
}

function makeDir(dir: string, mountpoint: string, made: string[]): boolean {
  for (let attempt = 1;; attempt++) {
    const result = makeDirectory(dir, PERMISSIONS);
    if (result === 0) {
      made.push(dir);
      return true;
    }
    if (result === -ERRNO.EEXIST) return false;
    if (result !== -ERRNO.ENOENT || dir === mountpoint || attempt === ATTEMPTS) {
      throw refused(dir, -result);
    }
    makeDir(parentOf(dir), mountpoint, made);
  }
}

/** Puts the folders that {@link makePlace} would make on `missing`, parents first. */
export function addMissing({ dir, hierarchy }: Place, missing: string[]): void {
  const start = missing.length;
  for (let at = dir; at !== hierarchy.mountpoint; at = parentOf(at)) {
    const result = findPath(at);
    if (result === 0) return;
    if (result !== -ERRNO.ENOENT) {
      throw new HostError(`Cannot look at ${at}: ${errnoReason(-result)}`);
    }
    missing.splice(start, 0, at);
  }
}

/**
 * The CPUs or memory nodes of a version 1 cpuset. One that has none gets its parent's: no process may join it before
 * (cgroup-v1/cpusets).
 */
function inherited(dir: string, mountpoint: string, file: string): string {
  const own = readCgroupFile(`${dir}/${file}`)?.trim() ?? "";
  if (own !== "" || dir === mountpoint) return own;
  const value = inherited(parentOf(dir), mountpoint, file);
  writeCgroupFile(`${dir}/${file}`, value);
  return value;
}

function parentOf(dir: string): string {
  return dir.slice(0, dir.lastIndexOf("/"));
}

function refused(dir: string, errno: number): HostError {
  const denied = errno === ERRNO.EACCES || errno === ERRNO.EPERM;
  // What callers of runc look for.
  const words = denied ? "unable to apply cgroup configuration: permission denied; " : "";
  const hint = `${words}the runtime needs cgroup file systems that it may write to`;
  return new HostError(
    `Cannot create cgroup ${dir}: ${errnoReason(errno)}; hint: ${hint}`,
    { cause: new SyscallError({ verb: "create", object: `cgroup ${dir}`, errno }) },
  );
}
