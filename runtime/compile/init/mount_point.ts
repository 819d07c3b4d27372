import { ERRNO } from "syscalls/abi/errno.ts";
import type { OpenFlag } from "syscalls/abi/open.ts";
import type { Label, Slot } from "syscalls/native/program.ts";
import { askHost } from "./ask_host.ts";
import { ensureDirectory, ensureFile, makeComponent, nameOf } from "./ensure_path.ts";
import { hold } from "./held.ts";
import { inside, type Lowering, openAt, type OpenDirectory, openInRoot } from "./lowering.ts";
import { inFresh } from "./open_directory.ts";
import { refuseProc } from "./verify.ts";

/** Opens a directory to mount onto, made where missing. A symlink that leads nowhere gets what it leads to, inside the root. */
export function mountPoint(low: Lowering, path: string, into: Slot, made?: Slot): void {
  if (inFresh(low, path)) return mountPointInFresh(low, path, into, made);
  const marked = made === undefined ? {} : { made };
  unlessPlain(low, { path, into, flags: ["O_DIRECTORY"] }, () => {
    throughHost(low, { path, into, duty: "placeDirectory" }, (dangling) => {
      ensureDirectory(low, path, into, { ...marked, dangling });
    });
  });
}

/**
 * The same where a symlink is a failure: for file systems that the runtime itself trusts (CVE-2019-19921). It is looked at and
 * opened by one call, or another process could exchange it in between (CVE-2023-27561).
 */
export function ordinaryMountPoint(low: Lowering, path: string, into: Slot): void {
  if (inFresh(low, path)) mountPointInFresh(low, path, into);
  else ensureDirectory(low, path, into, { ordinary: true });
}

function mountPointInFresh(
  low: Lowering & { open: OpenDirectory },
  path: string,
  into: Slot,
  made?: Slot,
): void {
  makeComponent(low, { parent: low.open.slot, child: into, name: nameOf(path) });
  if (made !== undefined) low.builder.set(made, low.builder.immediate(1));
}

/** Opens a file to mount onto, made where missing; a symlink that leads nowhere as for {@link mountPoint}. */
export function mountPointFile(low: Lowering, path: string, into: Slot): void {
  if (inFresh(low, path)) return ordinaryMountPointFile(low, path, into);
  unlessPlain(low, { path, into, flags: [] }, () => {
    throughHost(low, { path, into, duty: "placeFile" }, (dangling) => {
      ensureFile(low, path, into, { dangling });
    });
  });
}

/** The same where a symlink is a failure: for devices. */
export function ordinaryMountPointFile(low: Lowering, path: string, into: Slot): void {
  if (!inFresh(low, path)) return ensureFile(low, path, into);
  openAt(low, {
    from: low.builder.value(low.open.slot, "parent"),
    path: nameOf(path),
    flags: ["O_CREAT", "O_NOFOLLOW"],
    resolve: ["RESOLVE_BENEATH", "RESOLVE_NO_SYMLINKS"],
    mode: 0o644,
    into,
  });
}

/**
 * Opens a mount point that is there with no symlink on the way to it, which is the rule. What lies behind symlinks of the image is not
 * where config.json says, so whatever `otherwise` opens is looked at again.
 */
function unlessPlain(
  low: Lowering,
  { path, into, flags }: { path: string; into: Slot; flags: readonly OpenFlag[] },
  otherwise: () => void,
): void {
  const { builder } = low;
  const plain = builder.label();
  openAt(low, {
    from: builder.value(low.root, "root"),
    path: inside(path),
    flags: ["O_PATH", ...flags],
    resolve: ["RESOLVE_IN_ROOT", "RESOLVE_NO_SYMLINKS"],
    into,
    forgive: [ERRNO.ENOENT, ERRNO.ELOOP],
  });
  builder.branch({ when: { kind: "succeeded" }, to: plain });
  otherwise();
  refuseProc(low, into);
  builder.place(plain);
}

/** A program without loops cannot follow links that lead nowhere. The host half can, in the root at a number both know. */
function throughHost(
  low: Lowering,
  { path, into, duty }: { path: string; into: Slot; duty: "placeDirectory" | "placeFile" },
  ensure: (dangling: Label) => void,
): void {
  const { builder } = low;
  const dangling = builder.label();
  const done = builder.label();
  ensure(dangling);
  builder.jump(done);
  builder.place(dangling);
  hold(low, builder.value(low.root, "root"), "root");
  askHost(low, duty);
  openInRoot(low, path, { into, flags: duty === "placeDirectory" ? ["O_DIRECTORY"] : [] });
  builder.place(done);
}
