import { show } from "../show.ts";

/** Highest CPU or NUMA node number that a list may name; runc's limit. */
const HIGHEST = 64 * 1024;

/**
 * Reads a list of CPUs or NUMA nodes, `0-3,5,7-9`. Spaces around the parts and empty parts are allowed.
 *
 * @returns the numbers, or a text that says what is wrong
 */
export function parseIdList(text: string): ReadonlySet<number> | string {
  const ids = new Set<number>();
  if (text === "") return ids;
  for (const raw of text.split(",")) {
    const part = raw.trim();
    if (part === "") continue;
    const match = /^([0-9]{1,10})(?:-([0-9]{1,10}))?$/.exec(part);
    if (match === null) return `${show(part)} is no number or range of numbers`;
    const first = Number(match[1]);
    const last = match[2] === undefined ? first : Number(match[2]);
    if (last < first) return `the range ${show(part)} ends before it begins`;
    if (last > HIGHEST) return `values larger than ${HIGHEST} are not supported`;
    for (let id = first; id <= last; id++) ids.add(id);
  }
  return ids.size === 0 ? `no members found in set ${show(text)}` : ids;
}
