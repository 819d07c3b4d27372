import { ERRNO } from "syscalls/abi/errno.ts";
import { MS } from "syscalls/abi/mount.ts";
import { encodeCString } from "syscalls/abi/text.ts";
import type { Slot } from "syscalls/native/program.ts";
import type { MountStep } from "runtime/plan/mount_step.ts";
import { unreachable } from "runtime/base/unreachable.ts";
import { askHost } from "./ask_host.ts";
import { heldNumber, hold } from "./held.ts";
import { branchUnlessDirectory, close, hostFd, type Lowering, openInRoot } from "./lowering.ts";
import { mountPoint, mountPointFile, ordinaryMountPoint } from "./mount_point.ts";
import { keepFresh, mountedOn } from "./open_directory.ts";
import { addAttributes, setBindAttributes } from "./bind_attributes.ts";
import {
  attach,
  cloneSource,
  setAttributes,
  setPropagation,
  setRecursive,
  tryToAttach,
} from "./mount_attributes.ts";
import { mountNew } from "./new_filesystem.ts";
import { requireProc } from "./verify.ts";

type Of<Kind extends MountStep["kind"]> = Extract<MountStep, { kind: Kind }>;
type Noted<Kind extends MountStep["kind"]> = Of<Kind> & { readonly origin: string };

export function lowerMount(low: Lowering, step: MountStep & { readonly origin: string }): void {
  switch (step.kind) {
    case "mountFilesystem":
      return lowerFilesystem(low, step);
    case "mountClassic":
      return lowerClassic(low, step);
    case "mountBind":
      return lowerBind(low, step);
    case "changeMount":
      return lowerChange(low, step);
    case "attachMount":
      return lowerAttach(low, step);
    default:
      return unreachable(step);
  }
}

function lowerFilesystem(low: Lowering, step: Of<"mountFilesystem">): void {
  const { builder } = low;
  const target = builder.slot();
  const tree = builder.slot();
  const { inheritMode } = step;
  const made = inheritMode ? builder.slot() : undefined;
  if (step.ordinaryDirectory) ordinaryMountPoint(low, step.destination, target);
  else mountPoint(low, step.destination, target, made);
  mountNewOrHosts(low, step, tree, (context) => {
    if (made !== undefined) lowerInheritMode(low, { made, context, target });
  });
  if (step.relabel !== "") lowerRelabel(low, tree, step.relabel);
  if (step.copyUp) lowerCopyUp(low, target, tree);
  setRecursive(low, tree, step.recursive);
  attach(low, tree, builder.value(target, "target"), "");
  setPropagation(low, tree, step.propagation);
  close(low, target);
  if (step.type === "tmpfs" && !step.copyUp) return keepFresh(low, step.destination, tree);
  mountedOn(low, step.destination);
  close(low, tree);
}

function mountNewOrHosts(
  low: Lowering,
  step: Of<"mountFilesystem">,
  into: Slot,
  configureMore: (context: Slot) => void,
): void {
  const { builder } = low;
  const { orHosts, attributes } = step;
  if (orHosts === null) return mountNew(low, { ...step, into }, configureMore);
  const refused = builder.label();
  const done = builder.label();
  mountNew(low, { ...step, into, refused }, configureMore);
  builder.jump(done);
  builder.place(refused);
  cloneSource(low, { source: orHosts, deep: true, nofollow: false, into });
  // What the host has mounted below (its cgroups, for one) is no more the container's than the file system itself.
  setAttributes(low, into, { set: attributes, clear: [], deep: true, forgive: [] });
  builder.place(done);
}

/** Extended attributes need a path, and the only one that cannot lead elsewhere is that of the working directory. */
function lowerRelabel(low: Lowering, tree: Slot, context: string): void {
  const { builder } = low;
  const value = encodeCString(context);
  inDirectory(low, tree, () =>
    builder.call("setxattr", [
      builder.cString("."),
      builder.cString("security.selinux"),
      builder.bytes(value, JSON.stringify(context), 1),
      builder.immediate(value.length),
      builder.immediate(0),
    ]));
}

/** For calls that take a path and no descriptor: the /proc of a container that runs is not to be trusted with `/proc/self/fd`. */
function inDirectory({ builder }: Lowering, directory: Slot, calls: () => void): void {
  builder.call("fchdir", [builder.value(directory, "directory")]);
  calls();
  builder.call("chdir", [builder.cString("/")]);
}

/** The host half copies, being no straight line of calls; it finds the directories at numbers that both know. */
function lowerCopyUp(low: Lowering, from: Slot, to: Slot): void {
  const { builder } = low;
  hold(low, builder.value(from), "copyFrom");
  hold(low, builder.value(to), "copyTo");
  askHost(low, "copyUp");
  builder.call("close_range", [
    builder.immediate(heldNumber(low, "copyFrom")),
    builder.immediate(heldNumber(low, "copyTo")),
    builder.immediate(0),
  ]);
}

/** An option is a text, which a program cannot make out of the mode that it finds: the host half sets it. */
function lowerInheritMode(
  low: Lowering,
  { made, context, target }: { made: Slot; context: Slot; target: Slot },
): void {
  const { builder } = low;
  const done = builder.label();
  builder.branch({ of: made, when: { kind: "equals", value: 1n }, to: done });
  hold(low, builder.value(context), "filesystem");
  hold(low, builder.value(target), "covered");
  askHost(low, "inheritMode");
  builder.place(done);
}

function lowerClassic(low: Lowering, step: Of<"mountClassic">): void {
  const { builder } = low;
  const target = builder.slot();
  const flags = MS.of(...step.flags, ...step.remount ? ["MS_REMOUNT"] as const : []);
  const mountAt = (path: string): void =>
    builder.call("mount", [
      builder.cString(step.source),
      builder.cString(path),
      builder.cString(step.type),
      builder.flags(MS, flags),
      step.data === "" ? builder.immediate(0, "NULL") : builder.cString(step.data),
    ]);
  if (step.remount) {
    // It may be a file, which nobody can change to.
    openInRoot(low, step.destination, { into: target });
    hold(low, builder.value(target), "mountPoint");
    mountAt(`/proc/self/fd/${heldNumber(low, "mountPoint")}`);
  } else {
    mountPoint(low, step.destination, target);
    inDirectory(low, target, () => mountAt("."));
  }
  close(low, target);
  mountedOn(low, step.destination);
  // What was just mounted covers the descriptor, so the path is opened again to reach it.
  const { set, clear } = step.recursive;
  if (set.length + clear.length + step.propagation.length === 0) return;
  const mounted = builder.slot();
  openInRoot(low, step.destination, { into: mounted });
  setRecursive(low, mounted, step.recursive);
  setPropagation(low, mounted, step.propagation);
  close(low, mounted);
}

function lowerBind(low: Lowering, step: Noted<"mountBind">): void {
  const { builder } = low;
  const tree = builder.slot();
  const target = builder.slot();
  takeSource(low, step, tree);
  if (step.idmap !== null) lowerIdmap(low, tree);
  setRecursive(low, tree, step.recursive);
  if (step.sourceIsDirectory) mountPoint(low, step.destination, target);
  else if (step.destinationNofollow) coverLink(low, { tree, target, path: step.destination });
  else ensureSameKind(low, { tree, target, path: step.destination });
  attachSameKind(low, tree, target);
  setPropagation(low, tree, step.propagation);
  mountedOn(low, step.destination);
  close(low, target);
  close(low, tree);
}

/** The source with the attributes asked for: by its path, or, where that is out of reach, what was cloned before. */
function takeSource(low: Lowering, step: Noted<"mountBind">, tree: Slot): void {
  const { builder } = low;
  const { source, deep, sourceNofollow: nofollow, attributes } = step;
  const opened = low.sources.get(step.origin);
  if (step.takesOpened) {
    if (opened === undefined) throw new RangeError(`Cannot compile mount: ${source} is not open`);
    builder.set(tree, builder.value(opened, "source"));
    if (attributes !== null) setBindAttributes(low, tree, attributes, step.flagsMayBeLocked);
    return;
  }
  const forgive = opened === undefined ? [] : [ERRNO.EACCES];
  cloneSource(low, { source, deep, nofollow, into: tree, forgive });
  const reached = builder.label();
  const done = builder.label();
  if (opened !== undefined) {
    const usable = builder.label();
    builder.branch({ when: { kind: "succeeded" }, to: reached });
    builder.branch({ of: { slot: opened }, when: { kind: "succeeded" }, to: usable });
    builder.fail(builder.immediate(ERRNO.EACCES, "EACCES"));
    builder.place(usable);
    builder.set(tree, builder.value(opened, "source"));
    if (step.mustBeProc) requireProc(low, tree, "EINVAL");
    if (attributes !== null) addAttributes(low, tree, attributes);
    builder.jump(done);
  }
  builder.place(reached);
  if (step.mustBeProc) requireProc(low, tree, "EINVAL");
  if (attributes !== null) setBindAttributes(low, tree, attributes, step.flagsMayBeLocked);
  builder.place(done);
}

/**
 * It takes CAP_SYS_ADMIN in the user namespace of the file system, which the init may have left, but the host half has; and a mount
 * that is attached nowhere yet, whosever mount namespace it was cloned in (can_idmap_mount() of fs/namespace.c).
 */
function lowerIdmap(low: Lowering, tree: Slot): void {
  hold(low, low.builder.value(tree), "idmapTree");
  askHost(low, "idmap");
}

/** A file on a directory is EINVAL to move_mount(2), as much else is; ENOTDIR to mount(2), whose words callers look for. */
function attachSameKind(low: Lowering, tree: Slot, target: Slot): void {
  const { builder } = low;
  const done = builder.label();
  const isFile = builder.label();
  const other = builder.label();
  tryToAttach(low, tree, builder.value(target, "target"));
  builder.branch({ when: { kind: "succeeded" }, to: done });
  branchUnlessDirectory(low, builder.value(tree, "tree"), isFile);
  builder.jump(other);
  builder.place(isFile);
  branchUnlessDirectory(low, builder.value(target, "target"), other);
  builder.fail(builder.immediate(ERRNO.ENOTDIR, "ENOTDIR"));
  builder.place(other);
  builder.fail(builder.immediate(ERRNO.EINVAL, "EINVAL"));
  builder.place(done);
}

/** A mount point of the source's kind: a directory for a directory, a file for everything else. */
function ensureSameKind(
  low: Lowering,
  { tree, target, path }: { tree: Slot; target: Slot; path: string },
): void {
  const { builder } = low;
  const isFile = builder.label();
  const done = builder.label();
  branchUnlessDirectory(low, builder.value(tree, "tree"), isFile);
  mountPoint(low, path, target);
  builder.jump(done);
  builder.place(isFile);
  mountPointFile(low, path, target);
  builder.place(done);
}

/** What lies at the destination, a symlink too, or a mount point that is made where nothing does. */
function coverLink(low: Lowering, bind: { tree: Slot; target: Slot; path: string }): void {
  const { builder } = low;
  const there = builder.label();
  openInRoot(low, bind.path, {
    into: bind.target,
    flags: ["O_NOFOLLOW"],
    forgive: [ERRNO.ENOENT],
  });
  builder.branch({ when: { kind: "succeeded" }, to: there });
  ensureSameKind(low, bind);
  builder.place(there);
}

function lowerChange(low: Lowering, step: Of<"changeMount">): void {
  const { attributes, recursive, propagation, flagsMayBeLocked } = step;
  const mounted = low.builder.slot();
  openInRoot(low, step.destination, { into: mounted });
  setBindAttributes(low, mounted, attributes, flagsMayBeLocked);
  setRecursive(low, mounted, recursive);
  setPropagation(low, mounted, propagation);
  close(low, mounted);
}

function lowerAttach(low: Lowering, { fd, destination }: Of<"attachMount">): void {
  const { builder } = low;
  const target = builder.slot();
  const tree = builder.slot();
  mountPoint(low, destination, target);
  builder.set(tree, builder.immediate(hostFd(low, fd), fd));
  attach(low, tree, builder.value(target, "target"), "");
  mountedOn(low, destination);
  close(low, target);
}
