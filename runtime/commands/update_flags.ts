import { type Flag, type Invocation, stringFlag } from "runtime/base/command.ts";
import { UsageError } from "runtime/base/errors.ts";
import type { IntelRdt, Resources } from "runtime/spec/valid.ts";
import { parseByteSize } from "./byte_size.ts";

type FlagList = readonly (readonly [name: string, metavar: string, help: string])[];

const SHOWN: FlagList = [
  ["blkio-weight", "WEIGHT", "share of block IO, 10 to 1000"],
  ["cpu-period", "USEC", "period of the CPU quota"],
  ["cpu-quota", "USEC", "CPU time in each period; -1 for no limit"],
  ["cpu-burst", "USEC", "unused CPU time that may be saved up beyond the quota"],
  ["cpu-share", "SHARES", "share of CPU time, against other containers"],
  ["cpu-rt-period", "USEC", "period of the realtime CPU time (cgroup version 1)"],
  ["cpu-rt-runtime", "USEC", "realtime CPU time in each period (cgroup version 1)"],
  ["cpuset-cpus", "LIST", "CPUs to run on: 0-3,6"],
  ["cpuset-mems", "LIST", "memory nodes to use"],
  ["cpu-idle", "0|1", "1: run only when nobody else wants the CPU"],
  ["memory", "BYTES", "memory limit, as 512m; -1 for none"],
  ["memory-reservation", "BYTES", "memory that is taken away last, when it gets tight"],
  ["memory-swap", "BYTES", "limit of memory and swap together; -1 for none"],
  ["pids-limit", "N", "number of processes and threads; -1 for no limit"],
  ["l3-cache-schema", "SCHEMA", "Intel RDT/CAT L3 cache schema"],
  ["mem-bw-schema", "SCHEMA", "Intel RDT/MBA memory bandwidth schema"],
];

/** The kernel does not take them any more. */
const HIDDEN = ["kernel-memory", "kernel-memory-tcp"];

/** The flags of update. */
export const UPDATE_FLAGS: readonly Flag[] = [
  {
    name: "resources",
    short: "r",
    type: "string",
    metavar: "FILE",
    help:
      'a file with limits, as in config.json\'s "linux.resources"; - for standard input; other flags are ignored then',
  },
  ...SHOWN.map(([name, metavar, help]): Flag => ({ name, type: "string", metavar, help })),
  ...HIDDEN.map((name): Flag => ({ name, type: "string", help: "ignored", hidden: true })),
];

/**
 * The limits that the flags ask for.
 * @throws {UsageError} for a value that is no number where one is wanted
 */
export function resourcesOf(invocation: Invocation): Resources {
  const text = (name: string): string | undefined => stringFlag(invocation, name) ?? undefined;
  const integer = (name: string): number | undefined => numberIn(invocation, name);
  const size = (name: string): number | undefined => sizeIn(invocation, name);
  const weight = integer("blkio-weight");
  const limit = integer("pids-limit");
  return {
    cpu: {
      shares: integer("cpu-share"),
      quota: integer("cpu-quota"),
      period: integer("cpu-period"),
      burst: integer("cpu-burst"),
      realtimePeriod: integer("cpu-rt-period"),
      realtimeRuntime: integer("cpu-rt-runtime"),
      cpus: text("cpuset-cpus"),
      mems: text("cpuset-mems"),
      idle: integer("cpu-idle"),
    },
    memory: {
      limit: size("memory"),
      reservation: size("memory-reservation"),
      swap: size("memory-swap"),
      kernel: size("kernel-memory"),
      kernelTCP: size("kernel-memory-tcp"),
    },
    ...weight === undefined ? {} : { blockIO: { weight } },
    ...limit === undefined ? {} : { pids: { limit } },
  };
}

/**
 * The schemas of cache and memory bandwidth that the flags ask for; an empty one asks for nothing.
 * @throws {UsageError} for what is more than the one line that a flag stands for
 */
export function intelRdtOf(invocation: Invocation): IntelRdt {
  const l3CacheSchema = stringFlag(invocation, "l3-cache-schema") ?? "";
  const memBwSchema = stringFlag(invocation, "mem-bw-schema") ?? "";
  if (l3CacheSchema.includes("\n")) {
    throw wrong("l3-cache-schema", `${JSON.stringify(l3CacheSchema)} is more than one line`);
  }
  if (memBwSchema !== "" && !/^MB:[^\n]*$/.test(memBwSchema)) {
    throw wrong(
      "mem-bw-schema",
      `${JSON.stringify(memBwSchema)} is not one line that starts with "MB:"`,
    );
  }
  return {
    ...l3CacheSchema === "" ? {} : { l3CacheSchema },
    ...memBwSchema === "" ? {} : { memBwSchema },
  };
}

/** Flags that may be negative: the others count something, or are no limits. */
const SIGNED = ["cpu-quota", "cpu-rt-runtime", "cpu-idle", "pids-limit"];

function numberIn(invocation: Invocation, name: string): number | undefined {
  const text = stringFlag(invocation, name);
  if (text === null) return undefined;
  const number = Number(text);
  if (/^[+-]?[0-9]+$/.test(text) && Number.isSafeInteger(number)) {
    if (number >= 0 || SIGNED.includes(name)) return number;
  }
  throw wrong(name, `${JSON.stringify(text)} is not a whole number`);
}

function sizeIn(invocation: Invocation, name: string): number | undefined {
  const text = stringFlag(invocation, name);
  if (text === null) return undefined;
  const size = text === "-1" ? -1 : parseByteSize(text);
  if (size !== null) return size;
  throw wrong(name, `${JSON.stringify(text)} is not a size, such as 512m or 1g`);
}

function wrong(name: string, why: string): UsageError {
  return new UsageError(`Cannot use flag --${name}: invalid value for ${name}: ${why}`);
}
