import { UsageError } from "runtime/base/errors.ts";
import { type Hierarchy, isBelow } from "./hierarchies.ts";
import { cleanPath } from "./place.ts";

/** Below which of a container's folders a process is wanted: a path for each controller, or one for all by the name "". */
export type SubCgroups = ReadonlyMap<string, string>;

/**
 * Reads `[CONTROLLER[,CONTROLLER...]:]PATH`, any number of times.
 * @throws {UsageError} in runc's words
 */
export function parseSubCgroups(args: readonly string[]): SubCgroups {
  const paths = new Map<string, string>();
  for (const arg of args) {
    const at = arg.indexOf(":");
    if (at < 0 && args.length > 1) {
      throw new UsageError(`invalid --cgroup argument: ${arg} (missing <controller>: prefix)`);
    }
    for (const name of at < 0 ? [""] : arg.slice(0, at).split(",")) {
      if (at >= 0 && name === "") {
        throw new UsageError(`invalid --cgroup argument: ${arg} (empty <controller> prefix)`);
      }
      if (paths.has(name)) {
        throw new UsageError(
          `invalid --cgroup argument(s): controller ${name} specified multiple times`,
        );
      }
      paths.set(name, arg.slice(at + 1));
    }
  }
  return paths;
}

/**
 * The folders that a process goes into, one for each of a container's.
 *
 * @param hierarchies the trees of this host; asked for where controllers are named
 * @throws {UsageError} in runc's words, for a controller that no tree has and a path that leads out of the container's folder
 */
export function subDirectories(
  directories: readonly string[],
  paths: SubCgroups,
  hierarchies: () => readonly Hierarchy[],
): readonly string[] {
  const all = paths.get("");
  if (all !== undefined) return directories.map((dir) => below(dir, all));
  const found = [...directories];
  for (const [controller, path] of paths) {
    const tree = hierarchies().find(({ controllers }) => controllers.includes(controller));
    const index = tree === undefined
      ? -1
      : directories.findIndex((dir) => isBelow(dir, tree.mountpoint));
    const dir = directories[index];
    if (dir === undefined) {
      throw new UsageError(`unknown controller ${controller} in SubCgroupPaths`);
    }
    found[index] = below(dir, path);
  }
  return found;
}

function below(dir: string, path: string): string {
  const inside = cleanPath(`${dir}/${path}`);
  if (!isBelow(inside, dir)) throw new UsageError(`bad sub cgroup path: ${path}`);
  return inside;
}
