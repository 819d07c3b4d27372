import type { Slot } from "syscalls/native/program.ts";
import { ensureDirectory, parentOf } from "./ensure_path.ts";
import { close, type Lowering, type OpenDirectory } from "./lowering.ts";

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

/** True where nothing can be at a path, nor any symlink on the way to it. */
export function inFresh(low: Lowering, path: string): low is Lowering & { open: OpenDirectory } {
  return low.open !== null && low.open.fresh && low.open.path === parentOf(path);
}
