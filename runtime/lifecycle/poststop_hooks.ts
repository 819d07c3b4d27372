import type { RecordPaths } from "runtime/base/paths.ts";
import { failureOf } from "runtime/base/failure.ts";
import { probeHost } from "runtime/host/probe.ts";
import type { ContainerRecord } from "runtime/state/record.ts";
import type { Context } from "./context.ts";
import { type HookScene, hostList, runAllHooks } from "./hook_lists.ts";
import { savedSpec } from "./saved_spec.ts";

/** Runs the poststop hooks of a container of which nothing is left. None of them can stop the others. */
export function poststop(scene: HookScene): void {
  runAllHooks(scene, hostList(scene, "poststop", { status: "stopped", pid: 0 }));
}

/**
 * The same for a container that is still there: its hooks are read now, and run when the result is called. A
 * configuration that cannot be read must not keep anybody from deleting the container.
 */
export function readPoststop(
  context: Context,
  record: ContainerRecord,
  paths: RecordPaths,
): () => void {
  try {
    const facts = probeHost();
    const { hooks } = savedSpec(record, paths, facts);
    return () => poststop({ context, record, hooks, facts });
  } catch (cause) {
    context.log.log("warning", `Cannot run poststop hooks: ${failureOf(cause).text}`);
    return () => {};
  }
}
