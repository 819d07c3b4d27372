import { HostError } from "runtime/base/errors.ts";
import { ioCode, ioReason } from "runtime/base/io_failure.ts";
import type { ResctrlGroup } from "runtime/base/resctrl_group.ts";
import { readResctrlFile } from "./files.ts";

/** What resctrl knows of a container's class. */
export interface ResctrlStats {
  /** Null where the machine does not share out its L3 cache. */
  readonly cache:
    | { readonly mask: string; readonly leastBits: bigint; readonly classes: bigint }
    | null;
  /** Null where it does not share out its memory bandwidth. Percent. */
  readonly bandwidth: {
    readonly granularity: bigint;
    readonly delayLinear: bigint;
    readonly least: bigint;
    readonly classes: bigint;
  } | null;
  /** The lines of the uppermost class. */
  readonly rootSchemata: readonly string[];
  /** The lines of the container's class. */
  readonly schemata: readonly string[];
  /** Bytes to and from memory, one for each cache; null where nobody counts them. */
  readonly traffic: readonly { readonly total: bigint; readonly local: bigint }[] | null;
  /** Bytes in the cache, one for each; null where nobody counts them. */
  readonly occupancy: readonly bigint[] | null;
}

/**
 * Reads what the kernel says of a container's class.
 *
 * @param root where resctrl is mounted
 */
export function readResctrlStats(root: string, group: ResctrlGroup): ResctrlStats {
  const features = linesOf(`${root}/info/L3_MON/mon_features`);
  const counts = (name: string): boolean => features.includes(name);
  const [total, local] = [counts("mbm_total_bytes"), counts("mbm_local_bytes")];
  // Without a group of its own these are the numbers of all that is in the class.
  const folder = group.monitoring === "" ? group.directory : group.monitoring;
  const caches = features.length === 0 ? [] : foldersIn(`${folder}/mon_data`);
  return {
    cache: cacheIn(`${root}/info/L3`),
    bandwidth: bandwidthIn(`${root}/info/MB`),
    rootSchemata: linesOf(`${root}/schemata`),
    schemata: linesOf(`${group.directory}/schemata`),
    traffic: !total && !local ? null : caches.map((cache) => ({
      total: total ? amountIn(`${cache}/mbm_total_bytes`) : 0n,
      local: local ? amountIn(`${cache}/mbm_local_bytes`) : 0n,
    })),
    occupancy: counts("llc_occupancy")
      ? caches.map((cache) => amountIn(`${cache}/llc_occupancy`))
      : null,
  };
}

function cacheIn(info: string): ResctrlStats["cache"] {
  const mask = readResctrlFile(`${info}/cbm_mask`);
  if (mask === null) return null;
  return {
    mask,
    leastBits: amountIn(`${info}/min_cbm_bits`),
    classes: amountIn(`${info}/num_closids`),
  };
}

function bandwidthIn(info: string): ResctrlStats["bandwidth"] {
  if (readResctrlFile(`${info}/num_closids`) === null) return null;
  return {
    granularity: amountIn(`${info}/bandwidth_gran`),
    delayLinear: amountIn(`${info}/delay_linear`),
    least: amountIn(`${info}/min_bandwidth`),
    classes: amountIn(`${info}/num_closids`),
  };
}

/** 0 for a file that is not there, and for `Unavailable`, as a counter says that the hardware has no number now. */
function amountIn(path: string): bigint {
  const text = readResctrlFile(path) ?? "";
  return /^\d+$/.test(text) ? BigInt(text) : 0n;
}

function linesOf(path: string): string[] {
  return (readResctrlFile(path) ?? "").split("\n").map((line) => line.trim())
    .filter((line) => line !== "");
}

function foldersIn(path: string): string[] {
  try {
    return Array.from(Deno.readDirSync(path)).filter(({ isDirectory }) => isDirectory)
      .map(({ name }) => `${path}/${name}`).sort();
  } catch (cause) {
    if (ioCode(cause) === "ENOENT") return [];
    throw new HostError(`Cannot list ${path}: ${ioReason(cause)}`, { cause });
  }
}
