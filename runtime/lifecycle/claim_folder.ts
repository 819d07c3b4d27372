import { inRuntimeDir, type RecordPaths } from "runtime/base/paths.ts";
import { processInfo } from "runtime/host/process_info.ts";
import { lockContainer } from "runtime/state/lock.ts";
import { createContainerDir, removeContainerDir } from "runtime/state/store.ts";
import type { ContainerId } from "runtime/base/container_id.ts";
import type { Context } from "./context.ts";
import type { Undo } from "./rollback.ts";

/**
 * Makes the state folder of a new container, which claims its id, and locks it. Undoing takes both away.
 *
 * @throws {StateError} when the id is taken
 */
export function claimFolder(
  { root }: Context,
  id: ContainerId,
  undo: Undo,
): { readonly paths: RecordPaths; readonly lock: Disposable } {
  const env = (name: string): string | undefined => processInfo().env(name);
  const paths = createContainerDir(root, id, { sticky: inRuntimeDir(root, env) });
  undo(() => removeContainerDir(paths.dir));
  const lock = lockContainer(paths.dir);
  undo(() => lock[Symbol.dispose]());
  return { paths, lock };
}
