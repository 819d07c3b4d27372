import type { HostFacts } from "runtime/base/facts.ts";
import { checkNamespacePaths, checkRootfs, readBundle } from "runtime/host/bundle.ts";
import { isOwnNamespace } from "runtime/host/namespaces.ts";
import { probeHost } from "runtime/host/probe.ts";
import { namesNamespace, parseConfig } from "runtime/spec/parse.ts";
import type { ValidSpec } from "runtime/spec/valid.ts";
import { validate } from "runtime/spec/validate.ts";
import { NAMESPACES } from "runtime/spec/words/namespaces.ts";
import { withHome } from "./home.ts";
import { joinedIds } from "./joined_ids.ts";
import { withHostLabels } from "./labels.ts";
import { seccompReceiver } from "./seccomp_receiver.ts";

/** A bundle, read and checked. */
export interface LoadedBundle {
  /** Absolute. */
  readonly bundle: string;
  /** The text of config.json, to be kept: later edits of the file have no effect (runtime.md, "Lifecycle"). */
  readonly text: string;
  readonly spec: ValidSpec;
  readonly facts: HostFacts;
  /** Where the symlinks lead that are to be copied into the container, by path. */
  readonly links: ReadonlyMap<string, string>;
}

/**
 * Reads a bundle and checks all of it: the file itself, then the host's files that it names.
 *
 * @throws {SpecError} every problem of the file
 * @throws {HostError} the bundle, its rootfs or a namespace is not there
 */
export function loadBundle(bundle: string, configFile: string): LoadedBundle {
  const loaded = read(bundle, configFile, (facts) => facts);
  return { ...loaded, spec: withHostLabels(loaded.spec, "/process", configFile) };
}

/**
 * The same for a reader that will run nothing: labels that the host does not know are no error there, and what an ordinary user
 * could not run is read as root would run it.
 */
export function readSpec(bundle: string, configFile: string): LoadedBundle {
  return read(bundle, configFile, (facts, inUserNamespace) => {
    return inUserNamespace ? facts : { ...facts, euid: 0 };
  });
}

function read(
  bundle: string,
  configFile: string,
  factsFor: (facts: HostFacts, inUserNamespace: boolean) => HostFacts,
): LoadedBundle {
  const file = readBundle(bundle, configFile);
  const fileName = configFile;
  const config = parseConfig(file.text, fileName);
  const facts = factsFor(probeHost(), namesNamespace(config, "user"));
  const spec = validate(config, {
    bundle: file.bundle,
    fileName,
    facts,
    hasSeccompReceiver: seccompReceiver() !== "",
    namespaceIsHost: (type, path) => isOwnNamespace(NAMESPACES[type].file, path),
    userNamespaceMappings: (path) => joinedIds(facts.arch, path),
  });
  if (spec.root.kind === "directory") checkRootfs(spec.root.path, fileName);
  checkNamespacePaths(spec, fileName);
  return {
    bundle: file.bundle,
    text: file.text,
    spec: withHome(spec),
    facts,
    links: linksOf(spec),
  };
}

/** Sources of `copy-symlink` mounts that are symlinks; the others are mounted. */
function linksOf({ mounts }: ValidSpec): ReadonlyMap<string, string> {
  const links = new Map<string, string>();
  for (const { copySymlink, source } of mounts) {
    if (!copySymlink) continue;
    try {
      links.set(source, Deno.readLinkSync(source));
    } catch {
      // No symlink, or not there at all: mounting it tells.
    }
  }
  return links;
}
