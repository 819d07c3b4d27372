import type { BlkioEntry, BlkioTable, BlkioTables } from "./stats.ts";
import { amount, linesIn, type StatFiles } from "./values.ts";

type Source = readonly [table: BlkioTable, file: string];

/**
 * Who may have counted, the one that knows most first: which of them does depends on the I/O scheduler and on how the kernel was built.
 * The first whose first file has a device is taken (as runc does, so that the numbers are those of one counter).
 */
const COUNTERS: readonly (readonly Source[])[] = [
  everything("blkio.bfq"),
  both("blkio.bfq", "_recursive"),
  everything("blkio"),
  both("blkio.throttle", "_recursive"),
  both("blkio.throttle", ""),
];

function everything(prefix: string): Source[] {
  return [
    ["sectors", `${prefix}.sectors_recursive`],
    ["serviceTime", `${prefix}.io_service_time_recursive`],
    ["waitTime", `${prefix}.io_wait_time_recursive`],
    ["merged", `${prefix}.io_merged_recursive`],
    ["queued", `${prefix}.io_queued_recursive`],
    ["time", `${prefix}.time_recursive`],
    ...both(prefix, "_recursive"),
  ];
}

function both(prefix: string, suffix: string): Source[] {
  return [
    ["serviced", `${prefix}.io_serviced${suffix}`],
    ["serviceBytes", `${prefix}.io_service_bytes${suffix}`],
  ];
}

export function blkioTables(files: StatFiles): BlkioTables {
  for (const [first, ...others] of COUNTERS) {
    if (first === undefined) continue;
    const [table, file] = first;
    const entries = entriesIn(files, file);
    if (entries.length === 0) continue;
    const found: Partial<Record<BlkioTable, readonly BlkioEntry[]>> = { [table]: entries };
    for (const [other, name] of others) found[other] = entriesIn(files, name);
    return found;
  }
  return {};
}

/** Lines `MAJOR:MINOR [OP] NUMBER`; the last one may be `Total NUMBER`. */
function entriesIn(files: StatFiles, name: string): BlkioEntry[] {
  const entries: BlkioEntry[] = [];
  for (const line of linesIn(files, name)) {
    const [major = "", minor = "", ...rest] = line.split(/[ :]+/);
    const value = rest.pop();
    if (value === undefined && major === "Total") continue;
    entries.push({
      major: amount(major, name),
      minor: amount(minor, name),
      op: rest[0] ?? "",
      value: amount(value ?? "", name),
    });
  }
  return entries;
}
