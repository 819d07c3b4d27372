import { type ContainerId, parseContainerId } from "runtime/base/container_id.ts";
import { recordPaths } from "runtime/base/paths.ts";
import { probeHost } from "runtime/host/probe.ts";
import { processInfo } from "runtime/host/process_info.ts";
import { parseConfig } from "runtime/spec/parse.ts";
import type { ValidSpec } from "runtime/spec/valid.ts";
import { validate } from "runtime/spec/validate.ts";
import type { Context } from "./context.ts";
import { createLoaded } from "./create.ts";
import { withHome } from "./home.ts";
import { becomeParent } from "./foreground.ts";
import { runCreated } from "./run.ts";
import { sandboxConfig, type SandboxHost, type SandboxOptions } from "./sandbox_config.ts";

export type { SandboxOptions } from "./sandbox_config.ts";

/**
 * Runs a command in a container whose root is a copy-on-write overlay of this host's own; nothing it writes is left.
 *
 * @returns the command's exit status, 128 and more for a signal
 */
export async function sandbox(context: Context, options: SandboxOptions): Promise<number> {
  becomeParent({ noSubreaper: false });
  const id = newId();
  const facts = probeHost();
  const text = JSON.stringify(sandboxConfig(options, sandboxHost()));
  const name = "the sandbox's configuration";
  const spec = validate(parseConfig(text, name), { bundle: "/", fileName: name, facts });
  const created = createLoaded(context, {
    id,
    loaded: {
      bundle: "/",
      text,
      spec: overHost(withHome(spec), recordPaths(context.root, id).scratch),
      facts,
      links: new Map(),
    },
    preservedFds: 0,
    pidFile: null,
    noPivot: null,
    pidfdSockets: [],
    manager: null,
    keepTerminal: null,
    newKeyring: true,
    hooks: null,
    seccomp: null,
    systemd: null,
    resctrl: null,
  });
  return await runCreated(context, created, { detach: false, keep: false });
}

function sandboxHost(): SandboxHost {
  const { cwd, environ } = processInfo();
  return {
    environ: environ(),
    cwd: cwd.path ?? "/",
    mountinfo: Deno.readTextFileSync("/proc/self/mountinfo"),
  };
}

/** Without overlayfs the host's files are there all the same, read-only. */
function overHost(spec: ValidSpec, scratch: string): ValidSpec {
  const kind = hasOverlay() ? "overlay" : "readonlyView";
  return { ...spec, root: { kind, lower: "/", scratch, readonly: false } };
}

/** A module that is not loaded yet is missing from the list, so the kernel is asked to load it first by its own mount. */
function hasOverlay(): boolean {
  return /\toverlay$/m.test(Deno.readTextFileSync("/proc/filesystems")) || moduleExists();
}

function moduleExists(): boolean {
  try {
    const modules = Deno.readTextFileSync(`/lib/modules/${Deno.osRelease()}/modules.dep`);
    return /\/overlay\.ko/.test(modules);
  } catch {
    return false;
  }
}

/** The runtime's pid and the time make it unique among sandboxes that run. */
function newId(): ContainerId {
  return parseContainerId(`sandbox-${Deno.pid}-${Date.now().toString(36)}`);
}
