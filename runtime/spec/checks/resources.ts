import type { ResourcesConfig } from "../config.ts";
import { pointerTo, show } from "../show.ts";
import type { Findings } from "./findings.ts";

/** What is wrong with limits wherever they are applied; what a cgroup version cannot do is the cgroup driver's to say. */
export function checkResources(
  resources: ResourcesConfig,
  origin: string,
  findings: Findings,
): void {
  checkDeviceRules(resources.devices ?? [], `${origin}/devices`, findings);
  for (const [i, { pageSize }] of (resources.hugepageLimits ?? []).entries()) {
    if (!/^[1-9][0-9]*[KMG]B$/.test(pageSize)) {
      findings.problem(
        `${origin}/hugepageLimits/${i}/pageSize`,
        `${show(pageSize)} is not a number followed by KB, MB or GB`,
      );
    }
  }
  for (const name of Object.keys(resources.unified ?? {})) {
    if (name.includes("/") || name === "") {
      findings.problem(
        `${origin}/unified${pointerTo(name)}`,
        `unified resource ${show(name)} must be a file name (no slashes)`,
      );
    }
  }
}

function isAccess(access: string): boolean {
  for (const letter of access) if (!"rwm".includes(letter)) return false;
  return true;
}

function checkDeviceRules(
  rules: NonNullable<ResourcesConfig["devices"]>,
  origin: string,
  findings: Findings,
): void {
  rules.forEach(({ type = "", access = "", major = -1, minor = -1 }, i) => {
    const at = `${origin}/${i}`;
    if (!["", "a", "b", "c"].includes(type)) {
      findings.problem(`${at}/type`, `invalid cgroup device type ${show(type)}; known: a, b, c`);
    }
    if (access === "") {
      findings.problem(`${at}/access`, `device access at ${i} field cannot be empty`);
    } else if (!isAccess(access)) {
      findings.warn(`${at}/access`, `in ${show(access)} only r, w and m have a meaning`);
    }
    if (major < -1) {
      findings.problem(`${at}/major`, `${major} is neither a number from 0 nor -1 (any)`);
    }
    if (minor < -1) {
      findings.problem(`${at}/minor`, `${minor} is neither a number from 0 nor -1 (any)`);
    }
  });
}
