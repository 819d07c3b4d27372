import type { HostFacts } from "runtime/base/facts.ts";
import type { LinuxConfig } from "../config.ts";
import type { UserMappings, ValidationContext } from "../context.ts";
import type { IdMapping, ValidNamespace } from "../valid.ts";
import type { Findings } from "./findings.ts";
import { findNamespace } from "./namespaces.ts";

/** Most lines that the kernel takes in a uid_map (user_namespaces(7)). */
const MOST_MAPPINGS = 340;

/** One above the highest id; the highest itself means "no id" to the kernel. */
const END_OF_IDS = 0xffff_ffff;

/** True when a container id has an id on the host. */
export function isMapped(id: number, mappings: readonly IdMapping[]): boolean {
  return mappings.some(({ containerID, size }) => id >= containerID && id - containerID < size);
}

/**
 * The ids of the user namespace that a container's process is in: the container's own, or else the runtime's.
 *
 * @returns null where that is the initial one, which has all
 */
export function idsIn({ ids }: HostFacts, userNamespace: UserMappings | null): UserMappings | null {
  if (userNamespace !== null) return userNamespace;
  return ids === null ? null : { uidMappings: ids.uids, gidMappings: ids.gids };
}

/** The container's mappings; empty without a user namespace, and for one whose mappings nobody knows. */
export function checkUserNamespace(
  linux: LinuxConfig,
  namespaces: readonly ValidNamespace[],
  context: ValidationContext,
  findings: Findings,
): UserMappings {
  const given = { uidMappings: linux.uidMappings ?? [], gidMappings: linux.gidMappings ?? [] };
  checkMappings(given.uidMappings, "/linux/uidMappings", findings);
  checkMappings(given.gidMappings, "/linux/gidMappings", findings);
  const user = findNamespace(namespaces, "user");
  if (user === undefined) {
    if (context.facts.euid !== 0) {
      findings.problem("/linux/namespaces", "rootless container requires user namespaces");
    }
    if (given.uidMappings.length + given.gidMappings.length > 0) {
      findings.problem(
        given.uidMappings.length > 0 ? "/linux/uidMappings" : "/linux/gidMappings",
        "user namespace mappings specified, but user namespace isn't enabled in the config",
      );
    }
    return given;
  }
  if (user.path !== null) return joinedMappings(given, user.path, context, findings);
  requireRoot(given.uidMappings, "uid", findings);
  requireRoot(given.gidMappings, "gid", findings);
  return given;
}

/**
 * containerd and CRI-O write both the path of a user namespace and its mappings, so that cannot be refused where the two agree.
 */
function joinedMappings(
  given: UserMappings,
  path: string,
  context: ValidationContext,
  findings: Findings,
): UserMappings {
  const actual = context.userNamespaceMappings?.(path);
  if (actual === undefined || actual.uidMappings.length + actual.gidMappings.length === 0) {
    return given;
  }
  if (given.uidMappings.length + given.gidMappings.length === 0) return actual;
  if (sameMappings(given, actual)) {
    findings.warn(
      "/linux/uidMappings",
      "both a user namespace path and (matching) mappings are specified -- you may only provide one",
    );
  } else {
    findings.problem(
      "/linux/uidMappings",
      "user namespaces enabled, but both namespace path and non-matching mapping specified -- you may only provide one",
    );
  }
  return actual;
}

function sameMappings(a: UserMappings, b: UserMappings): boolean {
  const key = (mappings: readonly IdMapping[]): string =>
    mappings.map((m) => `${m.containerID} ${m.hostID} ${m.size}`).sort().join();
  return key(a.uidMappings) === key(b.uidMappings) && key(a.gidMappings) === key(b.gidMappings);
}

/** Without an id for root, nothing inside could own the files that the set-up makes. */
function requireRoot(
  mappings: readonly IdMapping[],
  kind: "uid" | "gid",
  findings: Findings,
): void {
  const origin = `/linux/${kind}Mappings`;
  if (mappings.length === 0) {
    findings.problem(origin, `user namespaces enabled, but no ${kind} mappings found`);
  } else if (!isMapped(0, mappings)) {
    findings.problem(origin, `user namespaces enabled, but no mapping found for ${kind} 0`);
  }
}

/** Refuses what the kernel would refuse with a bare EINVAL: empty, overlong and overlapping ranges. */
export function checkMappings(
  mappings: readonly IdMapping[],
  origin: string,
  findings: Findings,
): void {
  if (mappings.length > MOST_MAPPINGS) {
    findings.problem(origin, `has ${mappings.length} mappings; the kernel takes ${MOST_MAPPINGS}`);
    return;
  }
  for (const [i, mapping] of mappings.entries()) {
    if (mapping.size === 0) {
      findings.problem(`${origin}/${i}/size`, "0 maps no id; at least 1 is required");
    }
    for (const field of ["containerID", "hostID"] as const) {
      if (mapping[field] + mapping.size > END_OF_IDS) {
        findings.problem(
          `${origin}/${i}/${field}`,
          `${mapping[field]} and the ${mapping.size} ids from there on end above ${END_OF_IDS - 1}`,
        );
      }
      const j = mappings.findIndex((other, at) => at < i && overlap(mapping, other, field));
      if (j >= 0) {
        findings.problem(`${origin}/${i}/${field}`, `overlaps the range of ${origin}/${j}`);
      }
    }
  }
}

function overlap(a: IdMapping, b: IdMapping, field: "containerID" | "hostID"): boolean {
  return a[field] < b[field] + b.size && b[field] < a[field] + a.size;
}
