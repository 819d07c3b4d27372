import { pid } from "syscalls/abi/brand.ts";
import { parseContainerId } from "runtime/base/container_id.ts";
import { probeHost } from "runtime/host/probe.ts";
import { exitStatus } from "runtime/launch/wait.ts";
import type { Context } from "./context.ts";
import { type LoadedContainer, resctrlOf, systemdOf } from "./create.ts";
import { warnRootless } from "./criu.ts";
import { refuseBeyondCriu } from "./criu_limits.ts";
import { attend, becomeParent } from "./foreground.ts";
import { loadBundle } from "./load.ts";
import { type RestoreChoices, restoreContainer } from "./restore_container.ts";
import { removeEnded } from "./run.ts";
import { runPoststart } from "./start_hooks.ts";
import { checkTerminal, type ForegroundTerminal, foregroundTerminal, sendTo } from "./terminal.ts";

export interface RestoreOptions extends RestoreChoices {
  readonly id: string;
  readonly bundle: string;
  readonly configFile: string;
  /** Return as soon as it runs. */
  readonly detach: boolean;
  readonly pidFile: string | null;
  readonly consoleSocket: string | null;
  /** Do not adopt the container's orphans. */
  readonly noSubreaper: boolean;
}

/**
 * Makes a container from the images of a checkpoint; in the foreground waits for its end, and takes it away.
 *
 * @returns the exit status: that of the container's process, 0 with `detach`
 */
export async function restore(context: Context, options: RestoreOptions): Promise<number> {
  warnRootless(context, "restore");
  const id = parseContainerId(options.id);
  const loaded = loadBundle(options.bundle, options.configFile);
  refuseBeyondCriu("restore", loaded.spec);
  const { detach, consoleSocket } = options;
  const { terminal = false, consoleSize = null } = loaded.spec.process ?? {};
  checkTerminal(context, { terminal, detach, consoleSocket });
  if (!detach) becomeParent(options);
  using stack = new DisposableStack();
  let foreground: ForegroundTerminal | null = null;
  if (!detach && terminal) {
    foreground = stack.use(foregroundTerminal(consoleSize === null ? "ours" : "given"));
  }
  const container: LoadedContainer = {
    id,
    loaded,
    preservedFds: 0,
    pidFile: options.pidFile,
    noPivot: null,
    pidfdSockets: [],
    manager: null,
    keepTerminal: consoleSocket === null ? foreground?.keep ?? null : sendTo(consoleSocket),
    newKeyring: true,
    hooks: null,
    systemd: await systemdOf(context),
    // CRIU maps the ids.
    mappingTool: null,
    resctrl: await resctrlOf(loaded.spec),
    // Filters come with the images.
    seccomp: null,
  };
  const restored = restoreContainer(context, container, options);
  const attended = foreground?.attend() ?? null;
  restored[Symbol.dispose]();
  const { hooks } = loaded.spec;
  if (hooks.poststart.length > 0) {
    const scene = { context, record: restored.record, hooks, facts: probeHost() };
    await runPoststart(scene, restored);
  }
  if (detach) return 0;
  const status = attend(pid(restored.record.pid), attended);
  await removeEnded(context, restored);
  return exitStatus(status);
}
