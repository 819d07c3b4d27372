import type { Hierarchy } from "runtime/cgroups/hierarchies.ts";
import { type LimitPlan, type PlacedWrite, planLimits } from "runtime/cgroups/limits/plan.ts";
import type { Place } from "runtime/cgroups/place.ts";
import type { Wanted } from "runtime/cgroups/limits/v1.ts";

/** The cgroup `c1` in a tree: `cpu,cpuacct` of version 1, or version 2 for "". */
export function placeIn(tree: string): Place {
  const mountpoint = `/sys/fs/cgroup/${tree === "" ? "unified" : tree}`;
  const hierarchy: Hierarchy = {
    version: tree === "" ? 2 : 1,
    controllers: tree === "" ? [] : tree.split(","),
    mountpoint,
    root: "/",
    own: "/",
  };
  return { hierarchy, dir: `${mountpoint}/c1` };
}

/** A host with every version 1 controller in a tree of its own. */
export const EVERY_V1: readonly Place[] =
  "cpuset memory cpu,cpuacct pids blkio hugetlb rdma net_cls net_prio".split(" ").map(placeIn);

/** A host where version 2 is alone. */
export const ONLY_V2: readonly Place[] = [placeIn("")];

/** What a common kernel can control in version 2. */
export const V2_CONTROLLERS: readonly string[] = "cpuset cpu io memory hugetlb pids rdma misc"
  .split(
    " ",
  );

export function planFor(
  resources: Wanted,
  places: readonly Place[],
  controllers: readonly string[] = V2_CONTROLLERS,
): LimitPlan {
  return planLimits(resources, { places, available: () => controllers, base: "" });
}

/** Each write as `file value origin`. */
export function linesOf(writes: readonly PlacedWrite[]): string[] {
  return writes.map(({ file, value, origin }) => `${file} ${JSON.stringify(value)} ${origin}`);
}

/** What is wrong, as `pointer: text`. */
export function problemsIn({ findings }: LimitPlan): string[] {
  return findings.problems.map(({ path, text }) => `${path}: ${text}`);
}
