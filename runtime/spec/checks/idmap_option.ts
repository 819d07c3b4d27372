import { show } from "../show.ts";
import type { IdMapping } from "../valid.ts";

/** The mappings that crun's mount option `idmap=...` gives. */
export interface IdmapOption {
  readonly uids: readonly IdMapping[];
  readonly gids: readonly IdMapping[];
}

/**
 * Reads the part after `idmap=` of crun's mount option: `uids=0-1-10#10-11-10;gids=0-100-10`. Each triple is the first id in the
 * file system, the first id on the host, how many. With `@` in front, the second is an id of the container, and `outer` says
 * which one of the host that is.
 *
 * @returns the mappings, or a text that says what is wrong
 * @see https://github.com/containers/crun/blob/main/crun.1.md
 */
export function parseIdmapOption(text: string, outer: IdmapOption): IdmapOption | string {
  const result: { uids: IdMapping[]; gids: IdMapping[] } = { uids: [], gids: [] };
  for (const part of text.split(";")) {
    const equals = part.indexOf("=");
    const kind = part.slice(0, equals);
    if (kind !== "uids" && kind !== "gids") {
      return `${show(part)} is not of the form uids=... or gids=...`;
    }
    for (const triple of part.slice(equals + 1).split("#")) {
      const mapping = parseTriple(triple, outer[kind]);
      if (typeof mapping === "string") return mapping;
      result[kind].push(mapping);
    }
  }
  return result;
}

function parseTriple(text: string, outer: readonly IdMapping[]): IdMapping | string {
  const match = /^(@?)([0-9]{1,10})-([0-9]{1,10})-([0-9]{1,10})$/.exec(text);
  if (match === null) return `${show(text)} is not of the form FIRST-HOST-SIZE`;
  const [containerID, id, size] = [Number(match[2]), Number(match[3]), Number(match[4])];
  if (match[1] === "") return { containerID, hostID: id, size };
  const range = outer.find((m) => id >= m.containerID && id - m.containerID < m.size);
  if (range === undefined) {
    return `${show(text)}: ${id} has no mapping in the container's user namespace`;
  }
  return { containerID, hostID: range.hostID + (id - range.containerID), size };
}
