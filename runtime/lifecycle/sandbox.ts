import { type ContainerId, parseContainerId } from "runtime/base/container_id.ts";
import type { HostFacts } from "runtime/base/facts.ts";
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
import {
  layersOf,
  sandboxConfig,
  type SandboxHost,
  type SandboxOptions,
} from "./sandbox_config.ts";

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
  const host = sandboxHost(facts);
  const text = JSON.stringify(sandboxConfig(options, host));
  const name = "the sandbox's configuration";
  const spec = validate(parseConfig(text, name), { bundle: "/", fileName: name, facts });
  const created = createLoaded(context, {
    id,
    loaded: {
      bundle: "/",
      text,
      spec: overHost(withHome(spec), recordPaths(context.root, id).scratch, host),
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
    mappingTool: null,
  });
  return await runCreated(context, created, { detach: false, keep: false });
}

function sandboxHost({ euid, egid, ids }: HostFacts): SandboxHost {
  const { cwd, environ, env } = processInfo();
  const places = [cwd.path ?? "/", env("HOME") ?? "/"];
  const mountinfo = Deno.readTextFileSync("/proc/self/mountinfo");
  return {
    rootless: euid === 0 ? null : { uid: euid, gid: egid },
    hasTtyGroup: ids === null ||
      ids.gids.some(({ containerID, size }) => containerID <= 5 && containerID + size > 5),
    layers: (euid === 0 && ids === null) || !hasOverlay()
      ? []
      : layersOf(directories(places), mountinfo),
    environ: environ(),
    cwd: cwd.path ?? "/",
    mountinfo,
  };
}

/**
 * The directories in `/`, and what the caller owns of the ways to its working directory and home: an overlay cannot take over what
 * belongs to nobody in the user namespace, so nothing below another user's directory can be changed.
 */
function directories(paths: readonly string[]): string[] {
  const inRoot = Array.from(Deno.readDirSync("/")).filter(({ isDirectory }) => isDirectory);
  return [...inRoot.map(({ name }) => `/${name}`), ...paths.map(outermostOwn)];
}

function outermostOwn(path: string): string {
  let own = "/";
  for (let at = path; at !== "" && owns(at); at = at.slice(0, at.lastIndexOf("/"))) own = at;
  return own;
}

function owns(path: string): boolean {
  try {
    const { uid, isDirectory } = Deno.lstatSync(path);
    return isDirectory && uid === Deno.uid();
  } catch {
    return false;
  }
}

/**
 * In a user namespace an overlay cannot hide what is mounted below, so there are several. Without overlayfs the host's files are
 * there all the same, read-only.
 */
function overHost(spec: ValidSpec, scratch: string, { layers }: SandboxHost): ValidSpec {
  const kind = layers.length === 0 && hasOverlay() ? "overlay" : "readonlyView";
  return { ...spec, root: { kind, lower: "/", layers, scratch, readonly: false } };
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
