import type { ContainerState } from "runtime/lifecycle/inspect.ts";

/**
 * What state and list print of a container, its keys in runc's order. `annotations` is there only when it holds something,
 * and `exit`, which no other runtime has, only where the end of the container is on record.
 *
 * @param owner user name, `#uid`, or "" where it is not told
 */
export function stateDocument(state: ContainerState, owner: string): Record<string, unknown> {
  const { ociVersion, id, pid, status, bundle, rootfs, created, annotations, exit } = state;
  return {
    ...{ ociVersion, id, pid, status, bundle, rootfs, created },
    ...Object.keys(annotations).length === 0 ? {} : { annotations },
    owner,
    ...exit === null ? {} : { exit },
  };
}
