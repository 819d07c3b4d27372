import { ERRNO } from "syscalls/abi/errno.ts";
import { SyscallError } from "syscalls/abi/syscall_error.ts";
import { findPath, writeFile } from "syscalls/libc/paths.ts";
import { HostError } from "runtime/base/errors.ts";
import { enableControllers } from "../controllers.ts";
import type { Place } from "../place.ts";
import { readCgroupFile } from "../tree.ts";
import type { PlacedWrite } from "./plan.ts";
import { previousValue, targetsOf } from "./previous.ts";
import { refusalHint } from "./refusal_hint.ts";
import { type Refused, settle } from "./settle.ts";

/**
 * Sets the limits of a new container, whose cgroups are there and empty.
 * @throws {HostError} naming file, value, errno and the property that asks for it
 */
export function applyLimits(writes: readonly PlacedWrite[]): void {
  handDown(writes);
  const refused = settle(writes, makeWrite);
  if (refused !== null) throw failure(refused, "");
}

/** Brings back what was before, and names what it could not bring back. */
export type TakeBack = () => readonly string[];

/**
 * Changes limits that are in force. What was written before a failure is taken back; the error says what could not be.
 *
 * @returns takes all of it back, and names the files that it could not bring back
 * @throws {HostError} as {@link applyLimits} does
 */
export function changeLimits(writes: readonly PlacedWrite[]): TakeBack {
  handDown(writes);
  const before: PlacedWrite[] = [];
  const lost: string[] = [];
  const takeBack = (): readonly string[] => {
    const stuck = before.reverse().filter((write) => settle([write], makeWrite) !== null);
    // One that depends on another is brought back once that is.
    const left = stuck.filter((write) => settle([write], makeWrite) !== null);
    return [...left.map(pathOf), ...lost];
  };
  const refused = settle(writes, (write) => {
    const old = oldState(write);
    const errno = makeWrite(write);
    if (errno === 0 && old !== null) {
      if (old.value === null) lost.push(pathOf(old));
      else before.push({ ...old, value: old.value });
    }
    return errno;
  });
  if (refused === null) return takeBack;
  throw failure(refused, changed(takeBack()));
}

/** The values that some writes are about to replace, as writes; without those that cannot be brought back so. */
export function valuesBefore(writes: readonly PlacedWrite[]): PlacedWrite[] {
  return writes.flatMap((write) => {
    const { value, ...old } = oldState(write) ?? { value: null };
    return value === null || !("place" in old) ? [] : [{ ...old, value }];
  });
}

/** What a failure's sentence says of the files that keep their new values. */
export function changed(files: readonly string[]): string {
  return files.length === 0 ? "" : `; changed already: ${files.join(", ")}`;
}

/** A write that would bring a file back, or null as its value where none can. */
type OldState = Omit<PlacedWrite, "value"> & { readonly value: string | null };

function oldState(write: PlacedWrite): OldState | null {
  for (const { file, value } of targetsOf(write)) {
    const text = readable(`${write.place.dir}/${file}`);
    if (text === null) continue;
    const { origin, controller, place, cleared } = write;
    const key = cleared === undefined ? {} : { cleared };
    return {
      file,
      value: previousValue({ file, value, origin, ...key }, text),
      origin,
      controller,
      place,
    };
  }
  return null;
}

/** A file that can only be written has no old value. */
function readable(path: string): string | null {
  try {
    return readCgroupFile(path);
  } catch (cause) {
    if (cause instanceof HostError) return null;
    throw cause;
  }
}

function pathOf({ place, file }: { readonly place: Place; readonly file: string }): string {
  return `${place.dir}/${file}`;
}

/** Sees to it that the version 2 cgroups have the controllers of their writes. */
function handDown(writes: readonly PlacedWrite[]): void {
  const wanted = new Map<Place, Set<string>>();
  for (const { place, controller } of writes) {
    if (place.hierarchy.version !== 2 || controller === "") continue;
    const names = wanted.get(place);
    if (names === undefined) wanted.set(place, new Set([controller]));
    else names.add(controller);
  }
  for (const [place, names] of wanted) enableControllers(place, [...names]);
}

function makeWrite({ place, file, value, otherwise, clamped }: PlacedWrite): number {
  const path = `${place.dir}/${file}`;
  let result = writeFile(path, value, { create: null });
  if (result === -ERRNO.ENOENT && otherwise !== undefined) {
    if (otherwise === "nothing") return 0;
    result = writeFile(`${place.dir}/${otherwise.file}`, otherwise.value, { create: null });
  }
  if (result < 0 || clamped === undefined) return result < 0 ? -result : 0;
  return readCgroupFile(path)?.trim() === value ? 0 : ERRNO.ERANGE;
}

function failure({ write, errno }: Refused<PlacedWrite>, more: string): HostError {
  const { place, origin } = write;
  // The file that is there: whatever else was refused than that there is none was refused by it.
  const targets = targetsOf(write).map(({ file, value }) => ({
    path: pathOf({ place, file }),
    value,
  }));
  const { path, value } = targets.find((target) => findPath(target.path) === 0) ??
    { path: pathOf(write), value: write.value };
  const object = `${JSON.stringify(value)} to ${JSON.stringify(path)} (${origin})`;
  const hint = refusalHint(write, errno);
  const cause = new SyscallError({
    verb: "write",
    object,
    errno,
    ...hint === null ? {} : { hint },
  });
  return new HostError(cause.message + more, { cause });
}
