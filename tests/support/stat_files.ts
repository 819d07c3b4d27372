import type { StatFiles } from "runtime/cgroups/stats/values.ts";

/** The files of a cgroup that a test makes up. */
export function statFiles(texts: Readonly<Record<string, string>>): StatFiles {
  return { names: new Set(Object.keys(texts)), read: (name) => texts[name] ?? "" };
}
