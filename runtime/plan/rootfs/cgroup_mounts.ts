import type { ValidMount } from "runtime/spec/valid.ts";
import { isNew, type PlanInput } from "../input.ts";
import { inUserNamespace } from "../namespaces.ts";
import type { CgroupHierarchyFacts } from "../plan.ts";
import type { Step } from "../step.ts";

/** Makes a step out of a mount that is no cgroup any more. */
type Plain = (mount: ValidMount) => Step;

/** What every mount of a version 1 tree has, asked for or not, as runc mounts them. */
const CGROUP_FLAGS: ValidMount["set"] = ["MS_NOSUID", "MS_NODEV", "MS_NOEXEC"];

/**
 * A `cgroup` mount shows the container its own cgroups, read-only where asked:
 * on v2 the hierarchy itself (in a user namespace without a cgroup namespace a bind of the own directory); on v1 and hybrid hosts a
 * tmpfs with one mount a hierarchy, and a symlink for each controller of a joint one.
 */
export function cgroupMountSteps(mount: ValidMount, input: PlanInput, plain: Plain): Step[] {
  const { unified, hierarchies } = input.cgroups;
  if (unified || mount.type === "cgroup2") {
    const v2 = hierarchies.find(({ version }) => version === 2);
    return [cgroup2Step(mount, input, plain, v2)];
  }
  const steps: Step[] = [plain({
    ...mount,
    type: "tmpfs",
    source: "tmpfs",
    set: CGROUP_FLAGS,
    data: ["mode=755"],
  })];
  for (const hierarchy of hierarchies) {
    steps.push(...hierarchySteps(mount, input, plain, hierarchy));
  }
  return steps;
}

/** True for the tmpfs over version 1 cgroups: later mounts may lie in it, so it becomes read-only when all are there. */
export function isCgroupTree({ type, bind, remount }: ValidMount, { cgroups }: PlanInput): boolean {
  return type === "cgroup" && bind === "none" && !remount && !cgroups.unified;
}

function cgroup2Step(
  mount: ValidMount,
  input: PlanInput,
  plain: Plain,
  v2: CgroupHierarchyFacts | undefined,
): Step {
  const own = isNew(input.spec, "cgroup");
  const bindsOwn = v2 !== undefined && !own && inUserNamespace(input);
  if (bindsOwn) return bindOwn(mount, mount.destination, v2, true);
  // Root that shares the host's cgroup namespace has the host's tree, as runc mounts it: --cgroupns=host asks for no less.
  const set = own ? flagsFor(mount, v2?.isOwn ?? true) : mount.set;
  return plain({ ...mount, set, type: "cgroup2", source: "cgroup" });
}

function hierarchySteps(
  mount: ValidMount,
  input: PlanInput,
  plain: Plain,
  hierarchy: CgroupHierarchyFacts,
): Step[] {
  const destination = `${mount.destination}/${hierarchy.name}`;
  const steps: Step[] = [];
  const set = [...new Set([...CGROUP_FLAGS, ...flagsFor(mount, hierarchy.isOwn)])];
  if (hierarchy.version === 2 && isNew(input.spec, "cgroup")) {
    steps.push(plain({ ...mount, set, destination, type: "cgroup2", source: "cgroup", data: [] }));
  } else if (isNew(input.spec, "cgroup")) {
    const data = hierarchy.controllers.map((name) =>
      name.startsWith("name=") ? `none,${name}` : name
    )
      .flatMap((option) => option.split(","));
    steps.push(plain({ ...mount, set, destination, type: "cgroup", source: "cgroup", data }));
  } else {
    steps.push(bindOwn(mount, destination, hierarchy, inUserNamespace(input)));
  }
  for (const controller of hierarchy.controllers) {
    if (controller === hierarchy.name || controller.startsWith("name=")) continue;
    const path = `${mount.destination}/${controller}`;
    const label = `link ${JSON.stringify(path)} to ${JSON.stringify(hierarchy.name)}`;
    steps.push({
      kind: "makeSymlink",
      target: hierarchy.name,
      path,
      replace: false,
      where: null,
      label,
      origin: mount.origin,
    });
  }
  return steps;
}

function bindOwn(
  mount: ValidMount,
  destination: string,
  hierarchy: CgroupHierarchyFacts,
  flagsMayBeLocked: boolean,
): Step {
  const readonly = flagsFor(mount, hierarchy.isOwn).includes("MS_RDONLY");
  return {
    kind: "mountBind",
    source: hierarchy.directory,
    destination,
    deep: false,
    sourceNofollow: false,
    takesOpened: false,
    destinationNofollow: false,
    attributes: {
      set: [
        "MOUNT_ATTR_NOSUID",
        "MOUNT_ATTR_NODEV",
        "MOUNT_ATTR_NOEXEC",
        ...(readonly ? ["MOUNT_ATTR_RDONLY"] as const : []),
      ],
      clear: [],
    },
    recursive: { set: [], clear: [] },
    propagation: mount.propagation,
    mustBeProc: false,
    sourceIsDirectory: true,
    flagsMayBeLocked,
    idmap: null,
    label: `bind mount ${JSON.stringify(hierarchy.directory)} on ${JSON.stringify(destination)}`,
    origin: mount.origin,
  };
}

/** A cgroup that is not the container's is not its to change, whatever its user may do outside (CVE-2023-25809). */
function flagsFor({ set }: ValidMount, isOwn: boolean): ValidMount["set"] {
  return isOwn || set.includes("MS_RDONLY") ? set : [...set, "MS_RDONLY"];
}
