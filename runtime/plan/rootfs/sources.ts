import type { ValidMount } from "runtime/spec/valid.ts";
import { hasNamespace, type PlanInput } from "../input.ts";
import type { Step } from "../step.ts";

/**
 * The root of a user namespace is nobody on the host: folders that others may not enter hide the sources of bind mounts
 * from it, so root of the host clones them first, for those that turn out to be out of reach. So does root of a user namespace
 * around: engines without root keep what they mount in folders that are closed to the ids of their containers.
 */
export function openSourceSteps(input: PlanInput): Step[] {
  return input.spec.mounts.filter((mount) => isOpenedFirst(mount, input)).map((mount) => ({
    ...openSourceStep(mount),
    mayBeRefused: input.facts.inUserNamespace,
  }));
}

export function openSourceStep(
  { source, bind, sourceNofollow, origin }: ValidMount,
): Step & { readonly kind: "openSource" } {
  return {
    kind: "openSource",
    source,
    deep: bind === "recursive",
    nofollow: sourceNofollow,
    mayBeRefused: false,
    label: `open source ${JSON.stringify(source)}`,
    origin,
  };
}

/** Not what lies in the rootfs: earlier mounts may have covered it by then, and the container's root can reach it. */
function isOpenedFirst(
  { bind, source, copySymlink, remount }: ValidMount,
  input: PlanInput,
): boolean {
  const { facts, spec } = input;
  const { root } = spec;
  if (bind === "none" || remount || copySymlink) return false;
  if (!hasNamespace(spec, "user") || facts.euid !== 0) return false;
  return root.kind !== "directory" || source !== root.path && !source.startsWith(`${root.path}/`);
}
