import type { DeviceRule } from "runtime/spec/device_rules.ts";
import { property, type UnitProperty } from "./property.ts";

/** What the words for devices depend on. */
export interface DeviceHost {
  /** systemd's version. */
  readonly version: number;
  /** Whether a program of the runtime's own decides as well (version 2), so that systemd need not know every rule. */
  readonly ownProgram: boolean;
  /** The group of a major number in /proc/devices, which systemd before 240 needs; null for none. */
  readonly groupOf: (type: "b" | "c", major: number) => string | null;
}

/** systemd takes `char-MAJOR` for all devices of a driver. */
const MAJOR_SINCE = 240;

/** One device that is allowed: everything else is denied. */
type Allowed = DeviceRule & { readonly type: "b" | "c" };

/**
 * Device rules in systemd's words, which has a list of what is allowed and nothing else. Rules that are no such list are, on
 * version 2, left to the program that the runtime attaches itself; on version 1, where a reload of systemd writes its list
 * over the runtime's, as much of them as can be said, so that the error is on the safe side.
 */
export function deviceProperties(
  rules: readonly DeviceRule[],
  host: DeviceHost,
): UnitProperty[] {
  if (rules.length === 0) return [];
  const { allowed, exact } = allowList(rules);
  if (allowed === "all") return policy("auto", []);
  const words = allowed.map((rule) => wordFor(rule, host));
  const complete = exact && !words.includes(null);
  if (!complete && host.ownProgram) return policy("auto", []);
  return policy("strict", words.filter((word) => word !== null));
}

function policy(name: "auto" | "strict", words: readonly (readonly string[])[]): UnitProperty[] {
  return [
    property("DevicePolicy", "s", name),
    // An empty list takes back what a unit had before.
    property("DeviceAllow", "a(ss)", []),
    ...words.length === 0 ? [] : [property("DeviceAllow", "a(ss)", words)],
  ];
}

interface AllowList {
  readonly allowed: readonly Allowed[] | "all";
  /** Whether the list says all that the rules say. */
  readonly exact: boolean;
}

/** What remains allowed when all rules have been gone through; a cgroup allows nothing at first here. */
function allowList(rules: readonly DeviceRule[]): AllowList {
  let allowed: Allowed[] = [];
  let everything = false;
  let exact = true;
  for (const rule of rules) {
    if (isEverything(rule)) {
      allowed = [];
      everything = rule.allow;
      exact = true;
      continue;
    }
    for (const type of rule.type === "a" ? ["b", "c"] as const : [rule.type]) {
      const same = (other: Allowed): boolean =>
        other.type === type && other.major === rule.major && other.minor === rule.minor;
      if (everything) {
        exact &&= rule.allow;
      } else if (rule.allow) {
        allowed = withAccess(allowed, { ...rule, type }, same);
      } else {
        // Only what was allowed in the same words can be taken back.
        exact &&= !allowed.some((other) => !same(other) && overlaps(other, { ...rule, type }));
        allowed = withoutAccess(allowed, rule.access, same);
      }
    }
  }
  if (everything && !exact) return { allowed: [], exact: false };
  return { allowed: everything ? "all" : allowed, exact };
}

function isEverything({ type, major, minor, access }: DeviceRule): boolean {
  return type === "a" && major === null && minor === null && access.length === 3;
}

function overlaps(one: Allowed, other: Allowed): boolean {
  const meets = (a: number | null, b: number | null): boolean =>
    a === null || b === null || a === b;
  return one.type === other.type && meets(one.major, other.major) &&
    meets(one.minor, other.minor) &&
    [...one.access].some((letter) => other.access.includes(letter));
}

function withAccess(
  list: readonly Allowed[],
  rule: Allowed,
  same: (other: Allowed) => boolean,
): Allowed[] {
  const before = list.find(same)?.access ?? "";
  const access = [..."rwm"].filter((letter) => (before + rule.access).includes(letter)).join("");
  return [...list.filter((other) => !same(other)), { ...rule, access }];
}

function withoutAccess(
  list: readonly Allowed[],
  access: string,
  same: (other: Allowed) => boolean,
): Allowed[] {
  return list.flatMap((other) => {
    if (!same(other)) return [other];
    const rest = [...other.access].filter((letter) => !access.includes(letter)).join("");
    return rest === "" ? [] : [{ ...other, access: rest }];
  });
}

/** The device specifier of systemd.resource-control(5), with what may be done; null for what it cannot name. */
function wordFor({ type, major, minor, access }: Allowed, host: DeviceHost): string[] | null {
  const kind = type === "b" ? "block" : "char";
  if (major === null) return minor === null ? [`${kind}-*`, access] : null;
  if (minor !== null) return [`/dev/${kind}/${major}:${minor}`, access];
  if (host.version >= MAJOR_SINCE) return [`${kind}-${major}`, access];
  const group = host.groupOf(type, major);
  return group === null ? null : [`${kind}-${group}`, access];
}
