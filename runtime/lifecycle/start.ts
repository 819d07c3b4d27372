import { hostArch } from "syscalls/libc/library.ts";
import { setSignalMask } from "syscalls/libc/poll.ts";
import { LaunchError, StateError } from "runtime/base/errors.ts";
import type { RecordPaths } from "runtime/base/paths.ts";
import { processInfo } from "runtime/host/process_info.ts";
import { executeError } from "runtime/launch/explain.ts";
import { giveStart } from "runtime/launch/start_gate.ts";
import { parseConfig } from "runtime/spec/parse.ts";
import { assertAllowed } from "runtime/state/verbs.ts";
import type { Context } from "./context.ts";
import type { StartableContainer } from "./created.ts";
import { openContainer } from "./open.ts";

/** Lets a created container's init become the user's program. Returns when execve(2) has worked and all hooks have run. */
export async function start(context: Context, id: string): Promise<void> {
  using container = openContainer(context, id);
  assertAllowed("start", id, container.status);
  await startCreated(
    context,
    container,
    () => interruptibly(() => executeCreated(container.paths)),
  );
}

/** Executing may take as long as the file system that the program lies on: Ctrl-C must end the wait. */
function interruptibly(execute: () => void): void {
  const { signalMask } = processInfo();
  const before = signalMask === null ? null : setSignalMask(signalMask);
  execute();
  if (before !== null) setSignalMask(before);
}

/** The same for a container whose lock the caller holds; the hooks around it run here. */
export async function startCreated(
  context: Context,
  container: StartableContainer,
  execute: () => void,
): Promise<void> {
  const { hooks } = container.record;
  if (!hooks.includes("startContainer") && !hooks.includes("poststart")) return execute();
  const { startWithHooks } = await import("./start_hooks.ts");
  await startWithHooks(context, container, execute);
}

/**
 * Gives the start and waits for what becomes of it.
 * @throws {LaunchError} when the program cannot be executed: the container is stopped then
 */
export function executeCreated(paths: RecordPaths): void {
  const outcome = giveStart(paths, hostArch());
  switch (outcome.kind) {
    case "executed":
      return;
    case "failed":
      throw executeError("create", programName(paths), outcome.errno);
    case "nobodyWaits":
      throw new StateError("cannot start an already running container");
  }
}

/** What the container was to execute; only a failure needs to know. */
function programName(paths: RecordPaths): string {
  const config = parseConfig(Deno.readTextFileSync(paths.config), paths.config);
  const name = config.process?.args?.[0];
  if (name === undefined) throw new LaunchError("Cannot start container: its process has no args");
  return name;
}
