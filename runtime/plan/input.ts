import type { HostFacts } from "runtime/base/facts.ts";
import type { NamespaceType, ValidNamespace, ValidProcess, ValidSpec } from "runtime/spec/valid.ts";
import type { CgroupFacts } from "./plan.ts";
import type { SeccompFilter } from "./step.ts";

/** All that a plan is made from. */
export interface PlanInput {
  readonly spec: ValidSpec;
  readonly facts: HostFacts;
  readonly cgroups: CgroupFacts;
  /** Where symlinks lead that are to be copied (`copy-symlink`), by path on the host. */
  readonly links: ReadonlyMap<string, string>;
  /** Descriptors from 3 on that the caller wants the process to have. */
  readonly preservedFds: number;
  /** Move the root over the host's in place of pivot_root (`--no-pivot`); null: pivot. */
  readonly noPivot: NoPivot | null;
  /** Whether the process can tell a service manager that it is ready. */
  readonly notify: boolean;
  /** The container's filter; null without one. */
  readonly filter: SeccompFilter | null;
  /** Name of the session keyring to join; null leaves the process the caller's. */
  readonly keyring: string | null;
}

/** What a root that was only moved over the host's must have hidden before, since the host's mounts stay below it. */
export interface NoPivot {
  /** Mount points of the host's that show a whole procfs or sysfs, outermost first. */
  readonly fullMounts: readonly string[];
}

/** @throws {RangeError} when the configuration has no process: the caller checks that first */
export function processOf(input: PlanInput): ValidProcess {
  if (input.spec.process === null) {
    throw new RangeError("Cannot plan a container without a process");
  }
  return input.spec.process;
}

export function namespaceOf(spec: ValidSpec, type: NamespaceType): ValidNamespace | undefined {
  return spec.namespaces.find((namespace) => namespace.type === type);
}

/** True when the container gets a namespace of this type that is not the runtime's own. */
export function hasNamespace(spec: ValidSpec, type: NamespaceType): boolean {
  return namespaceOf(spec, type) !== undefined;
}

/** True when a namespace of this type is made for the container. */
export function isNew(spec: ValidSpec, type: NamespaceType): boolean {
  return namespaceOf(spec, type)?.path === null;
}
