import type { IdMapping, MountAttrName, MountFlagName, Propagation } from "../valid.ts";
import { mountOption } from "../words/mount_options.ts";
import { type IdmapOption, parseIdmapOption } from "./idmap_option.ts";

/** The options of one mount, sorted by what they mean. */
export interface SortedOptions {
  bind: "none" | "single" | "recursive";
  remount: boolean;
  set: MountFlagName[];
  clear: MountFlagName[];
  readonly propagation: Propagation[];
  setBelow: MountAttrName[];
  clearBelow: MountAttrName[];
  readonly data: string[];
  tmpcopyup: boolean;
  idmap: "none" | "single" | "recursive";
  /** From crun's `idmap=...`; null without it. */
  idmapOption: IdmapOption | null;
  copySymlink: boolean;
  sourceNofollow: boolean;
  destinationNofollow: boolean;
  /** What is wrong, by the option's place in the list. */
  readonly faults: { readonly index: number; readonly text: string }[];
}

/** Access time is one setting of several values in mount_setattr(2), not a bit each. */
const ACCESS_TIMES: readonly MountAttrName[] = [
  "MOUNT_ATTR_RELATIME",
  "MOUNT_ATTR_NOATIME",
  "MOUNT_ATTR_STRICTATIME",
];

/**
 * Sorts mount options. Of two that speak of the same thing the later one counts; unknown words are data for the file system.
 *
 * @param outer the mappings of the container's user namespace, for relative `idmap=...` mappings
 */
export function sortOptions(
  options: readonly string[],
  outer: { readonly uids: readonly IdMapping[]; readonly gids: readonly IdMapping[] },
): SortedOptions {
  const sorted: SortedOptions = {
    bind: "none",
    remount: false,
    set: [],
    clear: [],
    propagation: [],
    setBelow: [],
    clearBelow: [],
    data: [],
    tmpcopyup: false,
    idmap: "none",
    idmapOption: null,
    copySymlink: false,
    sourceNofollow: false,
    destinationNofollow: false,
    faults: [],
  };
  for (let index = 0; index < options.length; index++) {
    const word = options[index] as string;
    if (word.startsWith("idmap=") || word.startsWith("ridmap=")) {
      const parsed = parseIdmapOption(word.slice(word.indexOf("=") + 1), outer);
      if (typeof parsed === "string") sorted.faults.push({ index, text: parsed });
      else sorted.idmapOption = parsed;
      sorted.idmap = word.startsWith("r") ? "recursive" : "single";
    } else sortOption(word, sorted);
  }
  return sorted;
}

function sortOption(word: string, sorted: SortedOptions): void {
  const option = mountOption(word);
  if (option === undefined) {
    sorted.data.push(...dataOptions(word));
    return;
  }
  switch (option.kind) {
    case "nothing":
      return;
    case "set":
      sorted.set = including(sorted.set, option.flag);
      sorted.clear = without(sorted.clear, option.flag);
      return;
    case "clear":
      sorted.set = without(sorted.set, option.flag);
      sorted.clear = including(sorted.clear, option.flag);
      return;
    case "bind":
      // Together they are a recursive bind, whichever comes last.
      if (sorted.bind !== "recursive") sorted.bind = option.reach;
      return;
    case "propagation":
      sorted.propagation.push(word as Propagation);
      return;
    case "setBelow":
    case "clearBelow":
      return sortBelow(option.kind, option.attr, sorted);
    case "idmap":
      sorted.idmap = option.reach;
      return;
    default:
      sorted[option.kind] = true;
  }
}

/**
 * mount(2) takes all data as one text, so a word may hold several options. Numbers after a comma belong to the option before
 * (shmem_next_opt() of mm/shmem.c), and so does what is in quotes.
 */
function dataOptions(word: string): string[] {
  const options = word.includes('"') ? [word] : word.split(/,(?![0-9])/);
  return options.filter((option) => option !== "");
}

function sortBelow(
  kind: "setBelow" | "clearBelow",
  attr: MountAttrName,
  sorted: SortedOptions,
): void {
  if (ACCESS_TIMES.includes(attr)) {
    // "cannot simply specify the access-time setting in attr_set, but must also include MOUNT_ATTR__ATIME in the
    // attr_clr field" (mount_setattr(2)). Nothing set is relatime.
    sorted.setBelow = sorted.setBelow.filter((other) => !ACCESS_TIMES.includes(other));
    sorted.clearBelow = including(sorted.clearBelow, "MOUNT_ATTR__ATIME");
    if (kind === "setBelow") sorted.setBelow.push(attr);
    return;
  }
  const other = kind === "setBelow" ? "clearBelow" : "setBelow";
  sorted[kind] = including(sorted[kind], attr);
  sorted[other] = without(sorted[other], attr);
}

function including<Name>(names: Name[], name: Name): Name[] {
  if (!names.includes(name)) names.push(name);
  return names;
}

function without<Name>(names: Name[], name: Name): Name[] {
  return names.includes(name) ? names.filter((other) => other !== name) : names;
}
