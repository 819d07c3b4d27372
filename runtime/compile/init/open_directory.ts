import type { Slot } from "syscalls/native/program.ts";
import {
  close,
  ensureDirectory,
  ensureFile,
  type Lowering,
  makeComponent,
  nameOf,
  openAt,
  type OpenDirectory,
  parentOf,
} from "./lowering.ts";

/** The folder of a path, opened so that calls can name what is in it without following any link. */
export function useParent(low: Lowering, path: string): Slot {
  const parent = parentOf(path);
  if (low.open?.path === parent) return low.open.slot;
  forget(low);
  const slot = low.builder.slot();
  ensureDirectory(low, parent, slot);
  low.open = { path: parent, slot, fresh: false };
  return slot;
}

/** Keeps a file system that was just mounted: what comes into it is made there and nowhere else. */
export function keepFresh(low: Lowering, path: string, slot: Slot): void {
  forget(low);
  low.open = { path, slot, fresh: true };
}

/** Something was mounted: only what lies in a file system of this program's own leaves the open directory as it is. */
export function mountedOn(low: Lowering, path: string): void {
  if (low.open === null) return;
  if (!(low.open.fresh && path.startsWith(`${low.open.path}/`))) forget(low);
}

export function forget(low: Lowering): void {
  if (low.open !== null) close(low, low.open.slot);
  low.open = null;
}

/**
 * Opens a directory to mount onto, made where missing.
 *
 * @param made a slot that becomes 1 when the directory was made
 */
export function mountPoint(low: Lowering, path: string, into: Slot, made?: Slot): void {
  if (!inFresh(low, path)) return ensureDirectory(low, path, into, made);
  makeComponent(low, { parent: low.open.slot, child: into, name: nameOf(path) });
  if (made !== undefined) low.builder.set(made, low.builder.immediate(1));
}

/** Opens a file to mount onto, made where missing. */
export function mountPointFile(low: Lowering, path: string, into: Slot): void {
  if (!inFresh(low, path)) return ensureFile(low, path, into);
  openAt(low, {
    from: low.builder.value(low.open.slot, "parent"),
    path: nameOf(path),
    flags: ["O_CREAT", "O_NOFOLLOW"],
    resolve: ["RESOLVE_BENEATH", "RESOLVE_NO_SYMLINKS"],
    mode: 0o755,
    into,
  });
}

function inFresh(low: Lowering, path: string): low is Lowering & { open: OpenDirectory } {
  return low.open !== null && low.open.fresh && low.open.path === parentOf(path);
}
