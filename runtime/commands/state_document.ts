import type { ContainerState } from "runtime/lifecycle/inspect.ts";

/**
 * What state and list print of a container, its keys in runc's order. `annotations` is there only when it holds something.
 *
 * @param owner user name, `#uid`, or "" where it is not told
 */
export function stateDocument(state: ContainerState, owner: string): Record<string, unknown> {
  const { ociVersion, id, pid, status, bundle, rootfs, created, annotations } = state;
  const document = { ociVersion, id, pid, status, bundle, rootfs, created };
  return Object.keys(annotations).length === 0
    ? { ...document, owner }
    : { ...document, annotations, owner };
}
