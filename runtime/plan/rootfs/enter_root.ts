import type { Propagation, ValidRoot } from "runtime/spec/valid.ts";
import { hasNamespace, type NoPivot, type PlanInput } from "../input.ts";
import { inUserNamespace } from "../namespaces.ts";
import type { Step } from "../step.ts";

/** Propagations that what is made private while the root is built gets back. */
const SHARED: readonly Propagation[] = ["shared", "rshared"];

/** A mount that cannot be cloned is private too; it becomes one when nothing is to be bound from it any more. */
const UNBINDABLE: Readonly<Partial<Record<Propagation, Propagation>>> = {
  unbindable: "private",
  runbindable: "rprivate",
};

/** Propagations that leave no mount of the host's shared: pivot_root refuses a shared parent of the new root. */
const CUTTING_OFF: readonly Propagation[] = ["rslave", "rprivate"];

/** The container's root as a mount of its own, cut off from the host's. */
export function openRootSteps(input: PlanInput): Step[] {
  const { root, rootfsPropagation } = input.spec;
  const steps: Step[] = [];
  if (hasNamespace(input.spec, "mount")) {
    const asked = rootfsPropagation ?? "rslave";
    const propagation = UNBINDABLE[asked] ?? asked;
    steps.push({
      kind: "setRootPropagation",
      propagation,
      label: `make mounts ${propagation} at "/"`,
      origin: rootfsPropagation === null ? "" : "/linux/rootfsPropagation",
    });
    if (root.kind === "directory" && !CUTTING_OFF.includes(propagation)) {
      const cutOff = propagation === "slave" ? "slave" : "private";
      steps.push({
        kind: "cutParentOff",
        candidates: ancestors(root.path),
        propagation: cutOff,
        label: `make the mount holding ${JSON.stringify(root.path)} ${cutOff}`,
        origin: "/linux/rootfsPropagation",
      });
    }
  }
  const makePrivate = hasNamespace(input.spec, "mount") && rootfsPropagation === null;
  steps.push(openStep(root, makePrivate, input));
  return steps;
}

function openStep(root: ValidRoot, makePrivate: boolean, input: PlanInput): Step {
  if (root.kind === "directory") {
    const { path } = root;
    const label = `mount rootfs ${JSON.stringify(path)} onto itself`;
    return { kind: "openRoot", path, makePrivate, label, origin: "/root/path" };
  }
  const { lower, scratch, layers } = root;
  const words = (what: string): { label: string; origin: string } => ({
    label: `mount ${what} of ${JSON.stringify(lower)} on ${JSON.stringify(scratch)}`,
    origin: "/root",
  });
  if (root.kind === "readonlyView") {
    return layers.length === 0
      ? { kind: "openReadonlyRoot", lower, scratch, ...words("a read-only view") }
      : { kind: "openLayeredRoot", lower, scratch, layers, ...words("overlays in a view") };
  }
  const userAttributes = inUserNamespace(input);
  return { kind: "openOverlayRoot", lower, scratch, userAttributes, ...words("an overlay") };
}

/** `/a/b` to `/a/b`, `/a`, `/`. */
function ancestors(path: string): string[] {
  const list = [path];
  for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) {
    list.push(path.slice(0, at));
  }
  if (path !== "/") list.push("/");
  return list;
}

/** What covers masked files; it must be opened while the host's tree is there. */
export function keepHostNullSteps(input: PlanInput): Step[] {
  if (input.spec.maskedPaths.length === 0) return [];
  return [{ kind: "keepHostNull", label: 'open the host\'s "/dev/null"', origin: "" }];
}

/** From here on "/" is the container's root. */
export function switchRootSteps(input: PlanInput): Step[] {
  const { spec } = input;
  const origin = "/root/path";
  if (!hasNamespace(spec, "mount")) {
    return [{ kind: "changeRoot", label: "change root to the rootfs", origin }];
  }
  const steps = input.noPivot === null
    ? [{ kind: "pivotRoot", label: "pivot root to the rootfs", origin } satisfies Step]
    : moveRootSteps(input.noPivot);
  const propagation = spec.rootfsPropagation;
  if (propagation !== null && SHARED.includes(propagation)) steps.push(asAsked(propagation));
  return steps;
}

/** Read-only and masked paths are clones of mounts, so the root becomes unbindable after them. */
export function unbindableRootSteps({ spec }: PlanInput): Step[] {
  const propagation = spec.rootfsPropagation;
  if (propagation === null || UNBINDABLE[propagation] === undefined) return [];
  return hasNamespace(spec, "mount") ? [asAsked(propagation)] : [];
}

function asAsked(propagation: Propagation): Step {
  const label = `make mounts ${propagation} at "/"`;
  return { kind: "setRootPropagation", propagation, label, origin: "/linux/rootfsPropagation" };
}

/**
 * The host's mounts stay in the mount namespace. As long as a whole procfs is among them the kernel lets the container mount
 * another one, that nothing of is masked.
 */
function moveRootSteps({ fullMounts }: NoPivot): Step[] {
  return [
    ...fullMounts.map((path): Step => ({
      kind: "hideHostMount",
      path,
      label: `hide the host's mount ${JSON.stringify(path)}`,
      origin: "",
    })),
    { kind: "moveRoot", label: "move the rootfs over the host's root", origin: "/root/path" },
  ];
}

/** The root read-only, once nothing needs to be made in it any more. */
export function readonlyRootSteps(input: PlanInput): Step[] {
  if (!input.spec.root.readonly) return [];
  return [{
    kind: "makeReadonly",
    path: "/",
    label: "make the root read-only",
    origin: "/root/readonly",
  }];
}
