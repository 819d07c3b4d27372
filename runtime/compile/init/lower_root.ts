import { ERRNO } from "syscalls/abi/errno.ts";
import { openFlags } from "syscalls/abi/open.ts";
import { MNT, MS, OPEN_TREE } from "syscalls/abi/mount.ts";
import type { Slot } from "syscalls/native/program.ts";
import type { RootStep } from "runtime/plan/step.ts";
import { unreachable } from "runtime/base/unreachable.ts";
import { close, cwd, type Lowering } from "./lowering.ts";
import { forget } from "./open_directory.ts";
import {
  attach,
  cloneSource,
  propagationFlags,
  setAttributes,
  setPropagation,
} from "./mount_attributes.ts";
import { lowerLayers, lowerOverlay } from "./overlay_root.ts";
import { requireNull } from "./verify.ts";

type Of<Kind extends RootStep["kind"]> = Extract<RootStep, { kind: Kind }>;

export function lowerRoot(low: Lowering, step: RootStep & { readonly origin: string }): void {
  switch (step.kind) {
    case "setRootPropagation":
      return lowerPropagation(low, step);
    case "cutParentOff":
      return lowerParent(low, step);
    case "openRoot":
      lowerOpenRoot(low, { source: step.path, target: step.path });
      return setPropagation(low, low.root, step.makePrivate ? ["private"] : []);
    case "openReadonlyRoot":
      return lowerReadonlyRoot(low, step);
    case "openLayeredRoot":
      return lowerLayers(low, step);
    case "openOverlayRoot":
      return lowerOverlay(low, step);
    case "keepHostNull":
      return lowerKeepNull(low);
    case "openSource":
      return lowerSource(low, step);
    case "pivotRoot":
      return lowerPivot(low);
    case "hideHostMount":
      return lowerHide(low, step);
    case "moveRoot":
      return lowerMoveRoot(low);
    case "changeRoot":
      return lowerChangeRoot(low);
    case "openJoinedRoot":
      return lowerKeep(low, step.path, low.root, ["O_PATH", "O_DIRECTORY"]);
    default:
      return unreachable(step);
  }
}

function mountFlagsOnly(
  low: Lowering,
  path: string,
  flags: ReturnType<typeof MS.of>,
  forgive: readonly number[] = [],
): void {
  const { builder } = low;
  const none = builder.immediate(0, "NULL");
  builder.call("mount", [none, builder.cString(path), none, builder.flags(MS, flags), none], {
    forgive,
  });
}

function lowerPropagation(low: Lowering, { propagation }: Of<"setRootPropagation">): void {
  mountFlagsOnly(low, "/", propagationFlags(propagation));
}

function lowerParent(low: Lowering, { candidates, propagation }: Of<"cutParentOff">): void {
  const { builder } = low;
  const done = builder.label();
  candidates.forEach((path, index) => {
    // EINVAL: no mount point, so the next one up is tried. The root of the tree is one.
    const last = index === candidates.length - 1;
    mountFlagsOnly(low, path, propagationFlags(propagation), last ? [] : [ERRNO.EINVAL]);
    if (!last) builder.branch({ when: { kind: "succeeded" }, to: done });
  });
  builder.place(done);
}

function lowerReadonlyRoot(low: Lowering, { lower, scratch }: Of<"openReadonlyRoot">): void {
  lowerOpenRoot(low, { source: lower, target: scratch });
  setAttributes(low, low.root, { set: ["MOUNT_ATTR_RDONLY"], clear: [], deep: true, forgive: [] });
}

function lowerOpenRoot(
  low: Lowering,
  { source, target }: { source: string; target: string },
): void {
  cloneSource(low, { source, deep: true, nofollow: true, into: low.root });
  attach(low, low.root, cwd(low), target);
}

/** A mount of its own: what is still mounted in the host's tree can no longer be cloned once that is gone. */
function lowerKeepNull(low: Lowering): void {
  const { builder } = low;
  const flags = OPEN_TREE.of("OPEN_TREE_CLONE", "OPEN_TREE_CLOEXEC", "AT_SYMLINK_NOFOLLOW");
  builder.call("open_tree", [
    cwd(low),
    builder.cString("/dev/null"),
    builder.flags(OPEN_TREE, flags),
  ], {
    into: low.hostNull,
  });
  requireNull(low, low.hostNull);
}

function lowerKeep(
  low: Lowering,
  path: string,
  into: Slot,
  names: readonly ("O_PATH" | "O_DIRECTORY")[],
): void {
  const { builder } = low;
  const family = openFlags(low.arch);
  builder.call("openat", [
    cwd(low),
    builder.cString(path),
    builder.flags(family, family.of(...names, "O_CLOEXEC")),
  ], { into });
}

/** What is cloned of the host's shared mounts would be shared with them: what is mounted there in the container would show on the host. */
function lowerSource(low: Lowering, step: Of<"openSource"> & { readonly origin: string }): void {
  const { builder } = low;
  const into = builder.slot();
  const refused = builder.label();
  cloneSource(low, { ...step, into, forgive: step.mayBeRefused ? [ERRNO.EPERM] : [] });
  if (step.mayBeRefused) builder.branch({ when: { kind: "failed" }, to: refused });
  setPropagation(low, into, ["rslave"]);
  builder.place(refused);
  low.sources.set(step.origin, into);
}

/** pivot_root(".", "."): the old root lands on top of the new one and is detached from there, without any folder for it. */
function lowerPivot(low: Lowering): void {
  const { builder } = low;
  forget(low);
  const oldRoot = builder.slot();
  lowerKeep(low, "/", oldRoot, ["O_PATH", "O_DIRECTORY"]);
  builder.call("fchdir", [builder.value(low.root, "root")]);
  builder.call("pivot_root", [builder.cString("."), builder.cString(".")]);
  builder.call("fchdir", [builder.value(oldRoot, "old root")]);
  // Unmounting must not reach the host through a shared old root.
  mountFlagsOnly(low, ".", MS.of("MS_REC", "MS_SLAVE"));
  builder.call("umount2", [builder.cString("."), builder.flags(MNT, MNT.of("MNT_DETACH"))]);
  builder.call("chdir", [builder.cString("/")]);
  close(low, oldRoot);
}

/** As runc's msMoveRoot: slave first, so that the host keeps its mount; in a user namespace only covering is allowed. */
function lowerHide(low: Lowering, { path }: Of<"hideHostMount">): void {
  const { builder } = low;
  const done = builder.label();
  mountFlagsOnly(low, path, MS.of("MS_REC", "MS_SLAVE"), [ERRNO.ENOENT, ERRNO.EINVAL]);
  builder.branch({ when: { kind: "failed" }, to: done });
  builder.call("umount2", [
    builder.cString(path),
    builder.flags(MNT, MNT.of("MNT_DETACH")),
  ], { forgive: [ERRNO.EINVAL, ERRNO.EPERM] });
  builder.branch({ when: { kind: "succeeded" }, to: done });
  builder.call("mount", [
    builder.cString("tmpfs"),
    builder.cString(path),
    builder.cString("tmpfs"),
    builder.immediate(0),
    builder.immediate(0, "NULL"),
  ]);
  builder.place(done);
}

function lowerMoveRoot(low: Lowering): void {
  forget(low);
  attach(low, low.root, cwd(low), "/");
  lowerChangeRoot(low);
}

function lowerChangeRoot({ builder, root }: Lowering): void {
  builder.call("fchdir", [builder.value(root, "root")]);
  builder.call("chroot", [builder.cString(".")]);
  builder.call("chdir", [builder.cString("/")]);
}
