import { ERRNO } from "syscalls/abi/errno.ts";
import { MS } from "syscalls/abi/mount.ts";
import { AT, openFlags } from "syscalls/abi/open.ts";
import { PROC_SUPER_MAGIC, STAT_SIZE, STATFS_SIZE, statOffsets } from "syscalls/abi/kernel_stat.ts";
import type { Slot } from "syscalls/native/program.ts";
import type { MountAttrName } from "runtime/spec/valid.ts";
import type { MountStep, RecursiveAttributes } from "runtime/plan/step.ts";
import { unreachable } from "runtime/base/unreachable.ts";
import { COPY_UP } from "runtime/plan/protocol.ts";
import { askHost } from "./ask_host.ts";
import { branchUnlessDirectory, close, hostFd, type Lowering, openInRoot } from "./lowering.ts";
import { keepFresh, mountedOn, mountPoint, mountPointFile } from "./open_directory.ts";
import {
  attach,
  cloneSource,
  setAttributes,
  setPropagation,
  setRecursive,
} from "./mount_attributes.ts";
import { mountNew } from "./new_filesystem.ts";

type Of<Kind extends MountStep["kind"]> = Extract<MountStep, { kind: Kind }>;
type Noted<Kind extends MountStep["kind"]> = Of<Kind> & { readonly origin: string };

/**
 * A number for the mount point's descriptor, so that `/proc/self/fd/N` is known when the program is compiled.
 * Above everything that the program opens, below the smallest limit in use (256).
 */
const CLASSIC_TARGET = 200;

const CLEARABLE: readonly MountAttrName[] = [
  "MOUNT_ATTR_RDONLY",
  "MOUNT_ATTR_NOSUID",
  "MOUNT_ATTR_NODEV",
  "MOUNT_ATTR_NOEXEC",
  "MOUNT_ATTR_NODIRATIME",
  "MOUNT_ATTR_NOSYMFOLLOW",
];

export function lowerMount(low: Lowering, step: MountStep & { readonly origin: string }): void {
  switch (step.kind) {
    case "mountFilesystem":
      return lowerFilesystem(low, step);
    case "mountClassic":
      return lowerClassic(low, step);
    case "mountBind":
      return lowerBind(low, step);
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
  const status = builder.slot(STAT_SIZE);
  const { inheritMode } = step;
  const made = inheritMode ? builder.slot() : undefined;
  mountPoint(low, step.destination, target, made);
  if (step.ordinaryDirectory) refuseSymlink(low, step.destination);
  if (inheritMode) {
    builder.call("newfstatat", [
      builder.value(target, "target"),
      builder.cString(""),
      builder.addressOf(status, "status"),
      builder.flags(AT, AT.of("AT_EMPTY_PATH")),
    ]);
  }
  mountNew(low, { ...step, into: tree });
  if (made !== undefined) {
    const kept = builder.label();
    builder.branch({ of: made, when: { kind: "equals", value: 1n }, to: kept });
    // st_mode is 32 bits wide; the kernel takes the low 16 of what it is given.
    const mode = { ...builder.value(status, "status.st_mode"), offset: statOffsets(low.arch).mode };
    builder.call("fchmodat", [builder.value(tree, "tree"), builder.cString("."), mode]);
    builder.place(kept);
  }
  if (step.copyUp) lowerCopyUp(low, target, tree);
  setRecursive(low, tree, step.recursive);
  attach(low, tree, builder.value(target, "target"), "");
  setPropagation(low, tree, step.propagation);
  close(low, target);
  if (step.type === "tmpfs" && !step.copyUp) return keepFresh(low, step.destination, tree);
  mountedOn(low, step.destination);
  close(low, tree);
}

/** The host half copies, being no straight line of calls; it finds the directories at numbers that both know. */
function lowerCopyUp(low: Lowering, from: Slot, to: Slot): void {
  const { builder } = low;
  const family = openFlags(low.arch);
  const closeOnExec = builder.flags(family, family.of("O_CLOEXEC"));
  for (const [slot, number] of [[from, COPY_UP.from], [to, COPY_UP.to]] as const) {
    builder.call("dup3", [builder.value(slot), builder.immediate(number), closeOnExec]);
  }
  askHost(low, "copyUp");
  builder.call("close_range", [
    builder.immediate(COPY_UP.from),
    builder.immediate(COPY_UP.to),
    builder.immediate(0),
  ]);
}

/** CVE-2019-19921: a procfs must not be mounted through a symlink of the image. */
function refuseSymlink(low: Lowering, path: string): void {
  const plain = low.builder.slot();
  openInRoot(low, path, { into: plain, flags: ["O_DIRECTORY", "O_NOFOLLOW"] });
  close(low, plain);
}

function lowerClassic(low: Lowering, step: Of<"mountClassic">): void {
  const { builder } = low;
  const target = builder.slot();
  if (step.remount) openInRoot(low, step.destination, { into: target });
  else mountPoint(low, step.destination, target);
  const family = openFlags(low.arch);
  builder.call("dup3", [
    builder.value(target, "target"),
    builder.immediate(CLASSIC_TARGET),
    builder.flags(family, family.of("O_CLOEXEC")),
  ]);
  const flags = MS.of(...step.flags, ...step.remount ? ["MS_REMOUNT"] as const : []);
  builder.call("mount", [
    builder.cString(step.source),
    builder.cString(`/proc/self/fd/${CLASSIC_TARGET}`),
    builder.cString(step.type),
    builder.flags(MS, flags),
    step.data === "" ? builder.immediate(0, "NULL") : builder.cString(step.data),
  ]);
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
  const tree = step.sourceIsOpen ? openedSource(low, step) : builder.slot();
  const target = builder.slot();
  if (!step.sourceIsOpen) {
    cloneSource(low, {
      source: step.source,
      deep: step.deep,
      nofollow: step.sourceNofollow,
      into: tree,
    });
  }
  if (step.mustBeProc) requireProc(low, tree);
  if (step.attributes !== null) {
    setBindAttributes(low, tree, step.attributes, step.flagsMayBeLocked);
  }
  setRecursive(low, tree, step.recursive);
  if (step.sourceIsDirectory) mountPoint(low, step.destination, target);
  else if (step.destinationNofollow) coverLink(low, { tree, target, path: step.destination });
  else ensureSameKind(low, { tree, target, path: step.destination });
  attach(low, tree, builder.value(target, "target"), "");
  setPropagation(low, tree, step.propagation);
  mountedOn(low, step.destination);
  close(low, target);
  close(low, tree);
}

function openedSource({ sources }: Lowering, { origin }: { readonly origin: string }): Slot {
  const opened = sources.get(origin);
  if (opened === undefined) throw new RangeError(`Cannot compile mount: ${origin} is not open`);
  return opened;
}

/** CVE-2019-16884: what is bound onto /proc must be a procfs, or label writes can be faked. */
function requireProc(low: Lowering, tree: Slot): void {
  const { builder } = low;
  const status = builder.slot(STATFS_SIZE);
  const proc = builder.label();
  builder.call("fstatfs", [builder.value(tree, "tree"), builder.addressOf(status, "status")]);
  builder.branch({ of: status, when: { kind: "equals", value: PROC_SUPER_MAGIC }, to: proc });
  builder.fail(builder.immediate(ERRNO.EINVAL, "EINVAL"));
  builder.place(proc);
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

/** What mount(MS_REMOUNT|MS_BIND) would do: exactly these attributes, except those that the kernel has locked. */
function setBindAttributes(
  low: Lowering,
  tree: Slot,
  { set, clear }: RecursiveAttributes,
  mayBeLocked: boolean,
): void {
  const { builder } = low;
  if (!mayBeLocked) {
    return setAttributes(low, tree, {
      set,
      clear: [...CLEARABLE, ...clear],
      deep: false,
      forgive: [],
    });
  }
  const done = builder.label();
  setAttributes(low, tree, {
    set,
    clear: [...CLEARABLE, ...clear],
    deep: false,
    forgive: [ERRNO.EPERM],
  });
  builder.branch({ when: { kind: "succeeded" }, to: done });
  setAttributes(low, tree, { set, clear, deep: false, forgive: [] });
  builder.place(done);
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
