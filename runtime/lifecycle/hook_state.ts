import type { ContainerRecord } from "runtime/state/record.ts";
import type { Status } from "runtime/state/status.ts";

/** What differs between the hooks of one container. */
export interface HookMoment {
  readonly status: Status;
  /** As the hook sees it; 0 for none. */
  readonly pid: number;
}

/** The state that a hook reads from its standard input (runtime.md, "State"), its keys in runc's order. */
export function hookState(
  { ociVersion, id, bundle, annotations }: ContainerRecord,
  { status, pid }: HookMoment,
): string {
  return JSON.stringify({
    ociVersion,
    id,
    status,
    ...pid === 0 ? {} : { pid },
    bundle,
    ...Object.keys(annotations).length === 0 ? {} : { annotations },
  });
}
