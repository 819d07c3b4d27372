import type { HostFacts } from "runtime/base/facts.ts";
import type { NamespaceType, ValidNamespace, ValidSpec } from "runtime/spec/valid.ts";
import type { CgroupFacts } from "./plan.ts";

/** All that a plan is made from. */
export interface PlanInput {
  readonly spec: ValidSpec;
  readonly facts: HostFacts;
  readonly cgroups: CgroupFacts;
  /** Where symlinks lead that are to be copied (`copy-symlink`), by path on the host. */
  readonly links: ReadonlyMap<string, string>;
  /** Descriptors from 3 on that the caller wants the process to have. */
  readonly preservedFds: number;
  /** Whether the process can tell a service manager that it is ready. */
  readonly notify: boolean;
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
