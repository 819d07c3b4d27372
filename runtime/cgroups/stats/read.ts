import { ioCode, ioReason } from "runtime/base/io_failure.ts";
import { HostError } from "runtime/base/errors.ts";
import { readCgroupFile } from "../tree.ts";
import { collectStats } from "./collect.ts";
import type { CgroupStats } from "./stats.ts";
import type { StatFiles } from "./values.ts";

/**
 * What the kernel has counted for a container, from the files of its own folders and no others. What the kernel does not count is 0.
 *
 * @param directories the container's cgroups
 */
export function readStats(directories: readonly string[]): CgroupStats {
  const one = new Map<string, string>();
  const two = new Map<string, string>();
  for (const dir of directories) {
    const names = filesOf(dir);
    // Every version 2 cgroup has this file, and no other has.
    const paths = names.includes("cgroup.controllers") ? two : one;
    for (const name of names) paths.set(name, `${dir}/${name}`);
  }
  return collectStats(statFiles(one), statFiles(two));
}

/** Looking at what is there spares one failed call for each file that is not. */
function filesOf(dir: string): string[] {
  try {
    return Array.from(Deno.readDirSync(dir)).filter(({ isFile }) => isFile)
      .map(({ name }) => name);
  } catch (cause) {
    if (ioCode(cause) === "ENOENT") return [];
    throw new HostError(`Cannot list ${dir}: ${ioReason(cause)}`, { cause });
  }
}

function statFiles(paths: ReadonlyMap<string, string>): StatFiles {
  return {
    names: new Set(paths.keys()),
    read: (name) => {
      const path = paths.get(name);
      return path === undefined ? "" : readStatFile(path);
    },
  };
}

function readStatFile(path: string): string {
  try {
    return readCgroupFile(path) ?? "";
  } catch (thrown) {
    // Pressure on a kernel that counts it only when told to at boot (psi=1).
    if (thrown instanceof HostError && ioCode(thrown.cause) === "EOPNOTSUPP") return "";
    throw thrown;
  }
}
