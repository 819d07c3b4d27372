import { HostError } from "runtime/base/errors.ts";
import { type Hierarchy, isBelow } from "../hierarchies.ts";
import type { Place } from "../place.ts";

/**
 * The cgroups of a container that is on record, with the trees that they are in.
 * @throws {HostError} where one of those trees is not mounted any more
 */
export function recordedPlaces(
  directories: readonly string[],
  hierarchies: readonly Hierarchy[],
): readonly Place[] {
  return directories.map((dir) => {
    // One may be mounted inside another.
    const [hierarchy] = hierarchies.filter(({ mountpoint }) => isBelow(dir, mountpoint))
      .sort((a, b) => b.mountpoint.length - a.mountpoint.length);
    if (hierarchy !== undefined) return { hierarchy, dir };
    throw new HostError(`Cannot find the cgroup file system of ${dir}; hint: is it still mounted?`);
  });
}
