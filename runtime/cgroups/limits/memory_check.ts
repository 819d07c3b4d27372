import { StateError } from "runtime/base/errors.ts";
import type { Resources } from "runtime/spec/valid.ts";
import type { Place } from "../place.ts";
import { readCgroupFile } from "../tree.ts";
import type { Amount } from "./limit_write.ts";

/** What memory is in use, by the version of the tree. */
const USAGE = { 1: "memory.usage_in_bytes", 2: "memory.current" } as const;

/**
 * Refuses a memory limit that is below what is in use, where that is asked for: the kernel would kill processes.
 * A cgroup that does not say what it uses is not checked.
 *
 * @throws {StateError} in runc's words
 */
export function checkMemoryUse({ memory = {} }: Resources, places: readonly Place[]): void {
  if (memory.checkBeforeUpdate !== true) return;
  const usage = usageIn(places);
  if (usage === null) return;
  const check = (what: string, limit: Amount | undefined): void => {
    if (limit === undefined || limit <= 0 || limit > usage) return;
    throw new StateError(`rejecting ${what} limit ${limit} <= usage ${usage}`);
  };
  check("memory+swap", memory.swap);
  check("memory", memory.limit);
}

function usageIn(places: readonly Place[]): number | null {
  for (const { dir, hierarchy: { version } } of places) {
    const text = readCgroupFile(`${dir}/${USAGE[version]}`);
    if (text !== null) return Number(text);
  }
  return null;
}
