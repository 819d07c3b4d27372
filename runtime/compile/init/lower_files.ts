import { ERRNO } from "syscalls/abi/errno.ts";
import { makedev } from "syscalls/abi/kernel_stat.ts";
import { MNT, OPEN_TREE } from "syscalls/abi/mount.ts";
import { AT, openFlags } from "syscalls/abi/open.ts";
import { encodeText } from "syscalls/abi/text.ts";
import type { Label, Operand, Slot } from "syscalls/native/program.ts";
import type { MountStep } from "runtime/plan/mount_step.ts";
import type { FilesystemStep } from "runtime/plan/step.ts";
import { unreachable } from "runtime/base/unreachable.ts";
import { closeDescriptors } from "./close_descriptors.ts";
import {
  branchUnlessDirectory,
  close,
  cwd,
  type Lowering,
  openAt,
  openInRoot,
} from "./lowering.ts";
import { ensureDirectory, nameOf, parentOf } from "./ensure_path.ts";
import { ordinaryMountPointFile } from "./mount_point.ts";
import { forget, useParent } from "./open_directory.ts";
import { attach, setAttributes } from "./mount_attributes.ts";
import { mountNew } from "./new_filesystem.ts";
import { nodeType, requireNode } from "./verify.ts";

export type FileStep = Exclude<FilesystemStep, MountStep>;

type Of<Kind extends FileStep["kind"]> = Extract<FileStep, { kind: Kind }>;

export function lowerFile(low: Lowering, step: FileStep): void {
  switch (step.kind) {
    case "makeSymlink":
      return lowerSymlink(low, step);
    case "makeDevice":
      return lowerDevice(low, step);
    case "makeDirectory":
      return lowerDirectory(low, step);
    case "makeReadonly":
      return lowerReadonly(low, step);
    case "readonlyPath":
      return lowerReadonlyPath(low, step);
    case "maskPath":
      return lowerMask(low, step);
    case "unmount":
      return lowerUnmount(low, step);
    case "writeSysctl":
      return lowerSysctl(low, step);
    case "setUmask":
      return low.builder.call("umask", [
        low.builder.immediate(step.umask, `0${step.umask.toString(8)}`),
      ]);
    case "closeOpened":
      return lowerCloseOpened(low, step);
    default:
      return unreachable(step);
  }
}

function lowerSymlink(low: Lowering, { target, path, replace, where }: Of<"makeSymlink">): void {
  const { builder } = low;
  const parent = useParent(low, path);
  const done = builder.label();
  if (where !== null) {
    const args = [cwd(low), builder.cString(where), builder.immediate(0, "F_OK")];
    builder.call("faccessat", args, { forgive: "all" });
    builder.branch({ when: { kind: "failed" }, to: done });
  }
  const name = builder.cString(nameOf(path));
  if (replace) {
    builder.call("unlinkat", [builder.value(parent, "parent"), name, builder.immediate(0)], {
      forgive: [ERRNO.ENOENT],
    });
  }
  builder.call("symlinkat", [builder.cString(target), builder.value(parent, "parent"), name], {
    forgive: replace ? [] : [ERRNO.EEXIST],
  });
  builder.place(done);
}

function lowerDevice(low: Lowering, step: Of<"makeDevice">): void {
  const { builder } = low;
  if (step.how === "bind") return bindDevice(low, step);
  const done = builder.label();
  const parent = useParent(low, step.path);
  const isNode = step.type !== "p";
  const { name, bits } = nodeType(step.type);
  const mode = builder.immediate(
    bits | BigInt(step.mode),
    `${name}|0${step.mode.toString(8)}`,
  );
  const device = builder.immediate(makedev(step.major, step.minor), `${step.major}:${step.minor}`);
  const isOwned = step.uid !== 0 || step.gid !== 0;
  const made = isOwned && step.mayExist ? builder.slot() : null;
  builder.call("mknodat", [
    builder.value(parent, "parent"),
    builder.cString(nameOf(step.path)),
    mode,
    device,
  ], {
    forgive: [...step.mayExist ? [ERRNO.EEXIST] : [], ...isNode ? [ERRNO.EPERM] : []],
    ...made === null ? {} : { into: made },
  });
  if (isNode) {
    const allowed = builder.label();
    builder.branch({ when: { kind: "succeeded" }, to: allowed });
    if (step.mayExist) {
      builder.branch({ when: { kind: "errno", errno: ERRNO.EEXIST }, to: allowed });
    }
    // No CAP_MKNOD, or a device cgroup above us: the host's own node serves as well.
    bindDevice(low, step);
    builder.jump(done);
    builder.place(allowed);
  }
  if (step.mayExist || isOwned) finishDevice(low, step, { parent, made });
  builder.place(done);
}

/**
 * Checks that the node is the one asked for, and gives it its owner. One that was there is left as it is, as by runc: with `/dev` or
 * the node as a bind mount it is the host's own.
 */
function finishDevice(
  low: Lowering,
  step: Of<"makeDevice">,
  { parent, made }: { readonly parent: Slot; readonly made: Slot | null },
): void {
  const { builder } = low;
  const node = builder.slot();
  openAt(low, {
    from: builder.value(parent, "parent"),
    path: nameOf(step.path),
    flags: ["O_PATH", "O_NOFOLLOW"],
    resolve: ["RESOLVE_BENEATH", "RESOLVE_NO_SYMLINKS"],
    into: node,
  });
  const opened = builder.value(node, "node");
  const empty = builder.cString("");
  const emptyPath = builder.flags(AT, AT.of("AT_EMPTY_PATH"));
  requireNode(low, node, step, "EEXIST");
  if (step.uid !== 0 || step.gid !== 0) {
    const done = builder.label();
    if (made !== null) builder.branch({ of: { slot: made }, when: { kind: "failed" }, to: done });
    const [uid, gid] = [builder.immediate(step.uid), builder.immediate(step.gid)];
    builder.call("fchownat", [opened, empty, uid, gid, emptyPath]);
    builder.place(done);
  }
  close(low, node);
}

/** The host's own node, if it is the same device. */
function bindDevice(low: Lowering, step: Of<"makeDevice">): void {
  const { builder } = low;
  const { path } = step;
  const tree = builder.slot();
  const target = builder.slot();
  cloneTree(low, { from: cwd(low), path, into: tree });
  requireNode(low, tree, step, "ENODEV");
  ordinaryMountPointFile(low, path, target);
  attach(low, tree, builder.value(target, "target"), "");
  close(low, target);
  close(low, tree);
}

/** open_tree(2): a new mount of what is there, alone or (`deep`) with what is mounted below. */
function cloneTree(
  { builder }: Lowering,
  { from, path, into, deep = false }: { from: Operand; path: string; into: Slot; deep?: boolean },
): void {
  const flags = OPEN_TREE.of(
    "OPEN_TREE_CLONE",
    "OPEN_TREE_CLOEXEC",
    ...path === "" ? ["AT_EMPTY_PATH"] as const : [],
    ...deep ? ["AT_RECURSIVE"] as const : [],
  );
  builder.call("open_tree", [from, builder.cString(path), builder.flags(OPEN_TREE, flags)], {
    into,
  });
}

function lowerDirectory(low: Lowering, { path }: Of<"makeDirectory">): void {
  const directory = low.builder.slot();
  ensureDirectory(low, path, directory);
  close(low, directory);
}

function lowerReadonly(low: Lowering, { path }: Of<"makeReadonly">): void {
  const mounted = low.builder.slot();
  openInRoot(low, path, { into: mounted });
  setAttributes(low, mounted, { set: ["MOUNT_ATTR_RDONLY"], clear: [], deep: false, forgive: [] });
  close(low, mounted);
}

/** Opens a path that need not exist; goes to `missing` when it does not. */
function openOptional(low: Lowering, path: string, missing: Label): Slot {
  const { builder } = low;
  const target = builder.slot();
  openInRoot(low, path, { into: target, forgive: [ERRNO.ENOENT, ERRNO.ENOTDIR] });
  builder.branch({ when: { kind: "failed" }, to: missing });
  return target;
}

function lowerReadonlyPath(low: Lowering, { path }: Of<"readonlyPath">): void {
  const { builder } = low;
  const missing = builder.label();
  const tree = builder.slot();
  const target = openOptional(low, path, missing);
  cloneTree(low, { from: builder.value(target, "target"), path: "", into: tree, deep: true });
  setAttributes(low, tree, { set: ["MOUNT_ATTR_RDONLY"], clear: [], deep: false, forgive: [] });
  attach(low, tree, builder.value(target, "target"), "");
  close(low, target);
  close(low, tree);
  builder.place(missing);
}

function lowerMask(low: Lowering, { path, context }: Of<"maskPath">): void {
  const { builder } = low;
  const missing = builder.label();
  const isFile = builder.label();
  const cover = builder.label();
  const tree = builder.slot();
  makeMaskTmpfs(low, context);
  const target = openOptional(low, path, missing);
  branchUnlessDirectory(low, builder.value(target, "target"), isFile);
  const tmpfs = builder.value(low.maskTmpfs, "mask");
  coverWith(low, { mount: tmpfs, attached: low.maskAttached, into: tree });
  builder.jump(cover);
  builder.place(isFile);
  const hostNull = builder.value(low.hostNull, "host /dev/null");
  coverWith(low, { mount: hostNull, attached: low.nullAttached, into: tree });
  builder.place(cover);
  attach(low, tree, builder.value(target, "target"), "");
  close(low, target);
  builder.place(missing);
}

/**
 * One empty read-only tmpfs serves all masked directories of a container. It is made whether one of the paths is a directory or
 * not: to find that out first, and to make it where it is found, would have to be written out for each path.
 */
function makeMaskTmpfs(low: Lowering, context: string): void {
  if (low.maskMade) return;
  low.maskMade = true;
  mountNew(low, {
    type: "tmpfs",
    source: "tmpfs",
    parameters: [
      "nr_blocks=1",
      "nr_inodes=1",
      ...context === "" ? [] : [context],
    ],
    attributes: ["MOUNT_ATTR_RDONLY"],
    into: low.maskTmpfs,
  });
}

/** A mount covers the first path itself, and is cloned for the others: only what is attached can be. */
function coverWith(
  low: Lowering,
  { mount, attached, into }: { mount: Operand; attached: Slot; into: Slot },
): void {
  const { builder } = low;
  const first = builder.label();
  const done = builder.label();
  builder.branch({ of: attached, when: { kind: "equals", value: 0n }, to: first });
  cloneTree(low, { from: mount, path: "", into });
  builder.jump(done);
  builder.place(first);
  builder.set(attached, builder.immediate(1));
  builder.set(into, mount);
  builder.place(done);
}

/** Everything but the descriptors by which the init talks and waits; the root is opened anew for what comes after. */
function lowerCloseOpened(low: Lowering, { preservedFds }: Of<"closeOpened">): void {
  const { builder } = low;
  forget(low);
  closeDescriptors(low, preservedFds);
  low.closing = true;
  const family = openFlags(low.arch);
  builder.call("openat", [
    cwd(low),
    builder.cString("/"),
    builder.flags(family, family.of("O_PATH", "O_DIRECTORY", "O_CLOEXEC")),
  ], { into: low.root });
}

/** From its folder, by its name: no symlink can stand for the mount. */
function lowerUnmount(low: Lowering, { path }: Of<"unmount">): void {
  const { builder } = low;
  const parent = builder.slot();
  openInRoot(low, parentOf(path), { into: parent, flags: ["O_DIRECTORY"] });
  builder.call("fchdir", [builder.value(parent, "parent")]);
  builder.call("umount2", [
    builder.cString(nameOf(path)),
    builder.flags(MNT, MNT.of("MNT_DETACH", "UMOUNT_NOFOLLOW")),
  ]);
  close(low, parent);
}

/** Through the host's procfs: the container's /proc may be a fake by now (CVE-2025-52881). */
function lowerSysctl(low: Lowering, { path, value }: Of<"writeSysctl">): void {
  const { builder } = low;
  const file = builder.slot();
  openAt(low, {
    from: builder.value(low.hostProc, "host /proc"),
    path: `sys/${path}`,
    flags: ["O_WRONLY"],
    resolve: ["RESOLVE_BENEATH", "RESOLVE_NO_SYMLINKS", "RESOLVE_NO_XDEV"],
    into: file,
  });
  const bytes = encodeText(value);
  builder.call("write", [
    builder.value(file, "file"),
    builder.bytes(bytes, JSON.stringify(value), 1),
    builder.immediate(bytes.length),
  ]);
  close(low, file);
}
