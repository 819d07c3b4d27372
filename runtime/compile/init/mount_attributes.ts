import { ERRNO } from "syscalls/abi/errno.ts";
import { MOUNT_ATTR, mountAttr, MOVE_MOUNT, MS, OPEN_TREE } from "syscalls/abi/mount.ts";
import { AT } from "syscalls/abi/open.ts";
import type { Operand, Slot } from "syscalls/native/program.ts";
import type { MountAttrName, Propagation } from "runtime/spec/valid.ts";
import type { RecursiveAttributes } from "runtime/plan/mount_step.ts";
import { cwd, type Lowering } from "./lowering.ts";

/** Words of one choice: setting any of them needs the whole choice cleared first (mount_setattr(2)). */
const ATIME: readonly MountAttrName[] = [
  "MOUNT_ATTR_RELATIME",
  "MOUNT_ATTR_NOATIME",
  "MOUNT_ATTR_STRICTATIME",
  "MOUNT_ATTR__ATIME",
];

/** open_tree(2) of a path of the host: a new mount of what is there, which nobody sees yet. */
export function cloneSource(
  low: Lowering,
  { source, deep, nofollow, into, forgive = [] }: {
    source: string;
    deep: boolean;
    nofollow: boolean;
    into: Slot;
    forgive?: readonly number[];
  },
): void {
  const { builder } = low;
  const flags = OPEN_TREE.of(
    "OPEN_TREE_CLONE",
    "OPEN_TREE_CLOEXEC",
    ...deep ? ["AT_RECURSIVE"] as const : [],
    ...nofollow ? ["AT_SYMLINK_NOFOLLOW"] as const : [],
  );
  builder.call("open_tree", [cwd(low), builder.cString(source), builder.flags(OPEN_TREE, flags)], {
    into,
    forgive,
  });
}

/** Attaches the mount `tree` onto `target`, both by descriptor or onto a host path. */
export function attach(low: Lowering, tree: Slot, target: Operand, path: string): void {
  moveMount(low, tree, { target, path, forgive: [] });
}

/** The same onto a descriptor, where the kernel may refuse with EINVAL. */
export function tryToAttach(low: Lowering, tree: Slot, target: Operand): void {
  moveMount(low, tree, { target, path: "", forgive: [ERRNO.EINVAL] });
}

function moveMount(
  { builder }: Lowering,
  tree: Slot,
  { target, path, forgive }: {
    target: Operand;
    path: string;
    forgive: readonly number[];
  },
): void {
  const flags = path === ""
    ? MOVE_MOUNT.of("MOVE_MOUNT_F_EMPTY_PATH", "MOVE_MOUNT_T_EMPTY_PATH")
    : MOVE_MOUNT.of("MOVE_MOUNT_F_EMPTY_PATH");
  builder.call("move_mount", [
    builder.value(tree, "tree"),
    builder.cString(""),
    target,
    builder.cString(path),
    builder.flags(MOVE_MOUNT, flags),
  ], { forgive });
}

/** The mount(2) flags of a propagation word. */
export function propagationFlags(propagation: Propagation): ReturnType<typeof MS.of> {
  const recursive = propagation !== "private" && propagation.startsWith("r");
  const kind = recursive ? propagation.slice(1) : propagation;
  const flag = ({
    shared: "MS_SHARED",
    slave: "MS_SLAVE",
    private: "MS_PRIVATE",
    unbindable: "MS_UNBINDABLE",
  } as const)[kind as "shared" | "slave" | "private" | "unbindable"];
  return recursive ? MS.of("MS_REC", flag) : MS.of(flag);
}

/** What the `r...` options say, for a mount and everything below it. */
export function setRecursive(
  low: Lowering,
  mounted: Slot,
  { set, clear }: RecursiveAttributes,
): void {
  if (set.length + clear.length === 0) return;
  setAttributes(low, mounted, { set, clear, deep: true, forgive: [] });
}

export interface AttributeChange extends RecursiveAttributes {
  readonly deep: boolean;
  readonly forgive: readonly number[];
}

/** mount_setattr(2) on a mount by descriptor. */
export function setAttributes(low: Lowering, mounted: Slot, change: AttributeChange): void {
  const { set, clear } = change;
  const atime = set.some((name) => ATIME.includes(name)) ||
    clear.some((name) => ATIME.includes(name));
  const attr_set = MOUNT_ATTR.of(...set.filter((name) => name !== "MOUNT_ATTR__ATIME"));
  const attr_clr = MOUNT_ATTR.of(
    ...new Set(clear.filter((name) => !ATIME.includes(name))),
    ...atime ? ["MOUNT_ATTR__ATIME"] as const : [],
  );
  const text = (): string =>
    `{attr_set: ${MOUNT_ATTR.text(attr_set)}, attr_clr: ${MOUNT_ATTR.text(attr_clr)}}`;
  const bytes = mountAttr.encode({ attr_set, attr_clr, propagation: 0n, userns_fd: 0n });
  callSetattr(low, mounted, { bytes, text, deep: change.deep, forgive: change.forgive });
}

/** Propagation words, one after the other as they were given. */
export function setPropagation(low: Lowering, mounted: Slot, words: readonly Propagation[]): void {
  for (const word of words) {
    const flags = propagationFlags(word);
    const recursive = MS.of("MS_REC");
    const propagation = flags & ~recursive;
    const bytes = mountAttr.encode({ attr_set: 0n, attr_clr: 0n, propagation, userns_fd: 0n });
    const text = (): string => `{propagation: ${MS.text(propagation)}}`;
    callSetattr(low, mounted, { bytes, text, deep: (flags & recursive) !== 0n, forgive: [] });
  }
}

function callSetattr(
  { builder }: Lowering,
  mounted: Slot,
  { bytes, text, deep, forgive }: {
    bytes: Uint8Array;
    text: () => string;
    deep: boolean;
    forgive: readonly number[];
  },
): void {
  const at = deep ? AT.of("AT_EMPTY_PATH", "AT_RECURSIVE") : AT.of("AT_EMPTY_PATH");
  builder.call("mount_setattr", [
    builder.value(mounted, "tree"),
    builder.cString(""),
    builder.flags(AT, at),
    builder.bytes(bytes, text),
    builder.immediate(mountAttr.size),
  ], { forgive });
}
