import { StateError } from "runtime/base/errors.ts";
import { ioReason } from "runtime/base/io_failure.ts";
import type { RecordPaths } from "runtime/base/paths.ts";
import { exists } from "./status.ts";
import { replaceText } from "./store.ts";

/** How a container's init ended, as whoever of the runtime saw it has noted. */
export interface ExitRecord {
  /** The exit status that a shell would see: 128 and the signal for a process that a signal ended. */
  readonly status: number;
  /** The signal that ended it; null for one that exited. */
  readonly signal: number | null;
  /** Whether the kernel has killed a process of the container for want of memory. */
  readonly oomKilled: boolean;
  /** When the user's program was executed, RFC 3339 in UTC; null where that is not known. */
  readonly started: string | null;
  /** When the end was seen, RFC 3339 in UTC. */
  readonly finished: string;
}

/** Notes how a container ended, unless that is on record already: who sees it first knows best. The caller holds the lock. */
export function writeExit(paths: RecordPaths, record: ExitRecord): void {
  if (!exists(paths.exit)) replaceText(paths.exit, JSON.stringify(record));
}

/** When the container's program was executed: the gate changed its name then. Null for one that never was. */
export function startedAt({ started }: RecordPaths): string | null {
  try {
    return Deno.lstatSync(started).ctime?.toISOString() ?? null;
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return null;
    throw new StateError(`Cannot look at ${started}: ${ioReason(cause)}`, { cause });
  }
}

/**
 * How a container ended; null when nobody has noted it.
 * @throws {StateError} when the note is damaged
 */
export function readExit({ exit }: RecordPaths): ExitRecord | null {
  let text: string;
  try {
    text = Deno.readTextFileSync(exit);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return null;
    throw new StateError(`Cannot read ${exit}: ${ioReason(cause)}`, { cause });
  }
  const parsed = parse(text);
  if (parsed !== null) return parsed;
  throw new StateError(
    `Cannot use ${exit}: it is damaged; hint: remove it, or delete the container`,
  );
}

function parse(text: string): ExitRecord | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null) return null;
  const { status, signal, oomKilled, started, finished } = value as Record<string, unknown>;
  const isSignal = signal === null || typeof signal === "number";
  const isStart = started === null || typeof started === "string";
  if (typeof status !== "number" || !isSignal || typeof oomKilled !== "boolean") return null;
  if (!isStart || typeof finished !== "string") return null;
  return { status, signal, oomKilled, started, finished };
}
