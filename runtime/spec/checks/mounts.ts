import { cleanPath, resolvePath } from "../clean_path.ts";
import type { Config, MountConfig } from "../config.ts";
import type { UserMappings, ValidationContext } from "../context.ts";
import { show } from "../show.ts";
import type { IdMapping, ValidMount, ValidNamespace, ValidRoot } from "../valid.ts";
import type { Findings } from "./findings.ts";
import { checkMappings, idsIn } from "./id_mappings.ts";
import { type SortedOptions, sortOptions } from "./mount_options.ts";
import { checkMountIds, type MountIds } from "./mount_ids.ts";
import { findNamespace } from "./namespaces.ts";
import { procMountFault } from "./proc_mounts.ts";

/** What the mounts of a container have in common. */
export interface MountScope {
  readonly root: ValidRoot;
  readonly namespaces: readonly ValidNamespace[];
  readonly mappings: UserMappings;
  readonly context: ValidationContext;
}

export function checkMounts(config: Config, scope: MountScope, findings: Findings): ValidMount[] {
  const { namespaces, mappings, context: { facts } } = scope;
  const own = findNamespace(namespaces, "user") === undefined ? null : mappings;
  const ids: MountIds = { known: idsIn(facts, own), isRootless: facts.euid !== 0 };
  return (config.mounts ?? []).map((mount, i) =>
    checkMount(mount, `/mounts/${i}`, { ...scope, ids }, findings)
  );
}

function checkMount(
  mount: MountConfig,
  origin: string,
  scope: MountScope & { readonly ids: MountIds },
  findings: Findings,
): ValidMount {
  const { uidMappings: uids, gidMappings: gids } = scope.mappings;
  const options = sortOptions(mount.options ?? [], { uids, gids });
  for (const { index, text } of options.faults) {
    findings.problem(`${origin}/options/${index}`, text);
  }
  // No file system is called "bind", so that type alone can mean one thing only.
  if (mount.type === "bind" && options.bind === "none") options.bind = "single";
  if (options.bind !== "none" && options.data.length > 0) {
    findings.problem(
      `${origin}/options`,
      `bind mounts cannot have any filesystem-specific options applied: ${
        show(options.data.join(","))
      }`,
    );
  }
  const type = checkType(mount, options, origin, findings);
  return {
    destination: checkDestination(mount, options, origin, scope, findings),
    source: checkSource(mount, options, origin, scope, findings),
    type,
    bind: options.bind,
    remount: options.remount,
    set: options.set,
    clear: options.clear,
    propagation: options.propagation,
    recursive: { set: options.setBelow, clear: options.clearBelow },
    data: checkMountIds({ type, data: options.data }, origin, scope.ids, findings),
    tmpcopyup: options.tmpcopyup,
    ...(asksForIdmap(mount, options)
      ? checkIdmap(mount, options, origin, scope, findings)
      : NO_IDMAP),
    copySymlink: options.copySymlink,
    sourceNofollow: options.sourceNofollow,
    destinationNofollow: options.destinationNofollow,
    origin,
  };
}

function checkDestination(
  { destination, type = "" }: MountConfig,
  { bind, remount }: SortedOptions,
  origin: string,
  { root }: MountScope,
  findings: Findings,
): string {
  const at = `${origin}/destination`;
  if (destination === "") findings.problem(at, "must not be empty");
  const clean = inRoot(cleanPath(`/${destination}`), root);
  if (!destination.startsWith("/") && destination !== "") {
    findings.warn(
      at,
      `${show(destination)} is relative, which is deprecated; it is taken as ${clean}`,
    );
  }
  if (clean === "/" && destination !== "" && !remount) {
    const path = root.kind === "directory" ? root.path : root.lower;
    findings.problem(at, `mountpoint ${show(destination)} is on the top of rootfs ${show(path)}`);
  }
  const fault = procMountFault(clean, { type, isBind: bind !== "none" });
  if (fault !== null) findings.problem(at, fault);
  return clean;
}

/** A destination may be written as the host sees it, below the root's own path (as runc takes it). */
function inRoot(destination: string, root: ValidRoot): string {
  if (root.kind !== "directory" || root.path === "/") return destination;
  if (destination === root.path) return "/";
  return destination.startsWith(`${root.path}/`)
    ? destination.slice(root.path.length)
    : destination;
}

function checkSource(
  { source }: MountConfig,
  { bind, remount }: SortedOptions,
  origin: string,
  { context }: MountScope,
  findings: Findings,
): string {
  const given = source !== undefined && source !== "";
  if (bind === "none" || (remount && !given)) return given ? source : "none";
  if (!given) findings.problem(`${origin}/source`, "is missing; a bind mount requires one");
  return resolvePath(context.bundle, source ?? "");
}

function checkType(
  { type }: MountConfig,
  { bind, remount }: SortedOptions,
  origin: string,
  findings: Findings,
): string {
  if (bind !== "none") return "bind";
  if (type !== undefined && type !== "") return type;
  if (!remount) {
    findings.problem(
      `${origin}/type`,
      "is missing; a mount that is neither a bind mount nor a remount requires a file system",
    );
  }
  return "none";
}

type Idmap = Pick<ValidMount, "idmap" | "uidMappings" | "gidMappings">;

const NO_IDMAP: Idmap = { idmap: "none", uidMappings: [], gidMappings: [] };

/** Mappings alone ask for an id-mapped mount, as the option does. */
function asksForIdmap(
  { uidMappings, gidMappings }: MountConfig,
  { idmap }: SortedOptions,
): boolean {
  return idmap !== "none" || (uidMappings?.length ?? 0) + (gidMappings?.length ?? 0) > 0;
}

/** The option alone takes the container's mappings. */
function checkIdmap(
  mount: MountConfig,
  options: SortedOptions,
  origin: string,
  scope: MountScope,
  findings: Findings,
): Idmap {
  const uidMappings = options.idmapOption?.uids ?? mount.uidMappings ?? [];
  const gidMappings = options.idmapOption?.gids ?? mount.gidMappings ?? [];
  const own = uidMappings.length + gidMappings.length > 0;
  if (options.bind === "none") {
    findings.problem(origin, "id-mapped mounts are only supported for bind-mounts");
  }
  if (scope.context.facts.euid !== 0) {
    findings.problem(origin, "id-mapped mounts are not supported for rootless containers");
  }
  const idmap = options.idmap === "none" ? "single" : options.idmap;
  if (!own) return containerIdmap(idmap, origin, scope, findings);
  requireBoth(uidMappings, gidMappings, origin, findings);
  checkMappings(uidMappings, `${origin}/uidMappings`, findings);
  checkMappings(gidMappings, `${origin}/gidMappings`, findings);
  return { idmap, uidMappings, gidMappings };
}

/** Both lists stay empty where the mappings are those of a user namespace to join. */
function containerIdmap(
  idmap: "single" | "recursive",
  origin: string,
  { namespaces, mappings }: MountScope,
  findings: Findings,
): Idmap {
  const user = findNamespace(namespaces, "user");
  if (user === undefined) {
    findings.problem(
      origin,
      "id-mapped mounts must have both uid and gid mappings specified where the container has no user namespace",
    );
  }
  if (user === undefined || user.path !== null) return { idmap, uidMappings: [], gidMappings: [] };
  return { idmap, ...mappings };
}

function requireBoth(
  uidMappings: readonly IdMapping[],
  gidMappings: readonly IdMapping[],
  origin: string,
  findings: Findings,
): void {
  if (uidMappings.length > 0 && gidMappings.length > 0) return;
  findings.problem(
    `${origin}/${uidMappings.length > 0 ? "gidMappings" : "uidMappings"}`,
    "is missing; id-mapped mounts must have both uid and gid mappings specified",
  );
}
