import { pid } from "syscalls/abi/brand.ts";
import { hostArch } from "syscalls/libc/library.ts";
import type { OwnedFd } from "syscalls/libc/owned_fd.ts";
import { setSignalMask } from "syscalls/libc/poll.ts";
import { openPidfd } from "syscalls/libc/process.ts";
import { LaunchError, StateError } from "runtime/base/errors.ts";
import type { RecordPaths } from "runtime/base/paths.ts";
import { processInfo } from "runtime/host/process_info.ts";
import { executeError } from "runtime/launch/explain.ts";
import type { NotifyProxy } from "runtime/launch/notify_proxy.ts";
import { giveStart } from "runtime/launch/start_gate.ts";
import { parseConfig } from "runtime/spec/parse.ts";
import { assertAllowed } from "runtime/state/verbs.ts";
import type { Context } from "./context.ts";
import type { StartableContainer } from "./created.ts";
import { awaitReady, listenForReady, managerSocket } from "./notify.ts";
import { openContainer } from "./open.ts";

/**
 * Lets a created container's init become the user's program. Returns when execve(2) has worked and all hooks have run, or,
 * where a service manager wants to know, once the program has said that it is ready.
 */
export async function start(context: Context, id: string): Promise<void> {
  using ready = await startOpened(context, id);
  // Without the lock: others may kill or delete what takes long to be ready.
  if (ready !== null) awaitReady(context, ready.proxy, ready.init.fd);
}

/** What to wait for after a start. */
interface Ready extends Disposable {
  readonly proxy: NotifyProxy;
  readonly init: OwnedFd;
}

async function startOpened(context: Context, id: string): Promise<Ready | null> {
  using container = openContainer(context, id);
  assertAllowed("start", id, container.status);
  const execute = (): void => interruptibly(() => executeCreated(container.paths));
  const manager = managerSocket();
  if (manager === null) {
    await startCreated(context, container, execute);
    return null;
  }
  using stack = new DisposableStack();
  const mainPid = pid(container.record.pid);
  const init = stack.use(openPidfd(mainPid));
  const proxy = stack.use(listenForReady(context, { manager, paths: container.paths, mainPid }));
  await startCreated(context, container, execute);
  if (proxy === null) return null;
  const kept = stack.move();
  return { proxy, init, [Symbol.dispose]: () => kept.dispose() };
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
