import { StateError } from "runtime/base/errors.ts";
import { freeze, thaw } from "runtime/cgroups/freeze.ts";
import { assertAllowed } from "runtime/state/verbs.ts";
import { NO_CGROUP } from "./container_cgroup.ts";
import type { Context } from "./context.ts";
import { openContainer } from "./open.ts";

/** Stops every process of a container until {@link resume}. */
export function pause(context: Context, id: string): void {
  using container = openContainer(context, id);
  assertAllowed("pause", id, container.status);
  if (container.record.cgroups.length === 0) {
    throw new StateError(
      `Cannot pause container: cgroups not configured for container: ${NO_CGROUP}`,
    );
  }
  freeze(container.record.cgroups);
}

/** Lets the processes of a paused container go on. */
export function resume(context: Context, id: string): void {
  using container = openContainer(context, id);
  assertAllowed("resume", id, container.status);
  thaw(container.record.cgroups);
}
