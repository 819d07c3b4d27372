import { ERRNO } from "syscalls/abi/errno.ts";
import { STATFS_FLAG, STATFS_FLAGS, STATFS_SIZE } from "syscalls/abi/kernel_stat.ts";
import { MOUNT_ATTR } from "syscalls/abi/mount.ts";
import type { Condition, Slot } from "syscalls/native/program.ts";
import type { MountAttrName } from "runtime/spec/valid.ts";
import type { RecursiveAttributes } from "runtime/plan/mount_step.ts";
import type { Lowering } from "./lowering.ts";
import { setAttributes } from "./mount_attributes.ts";

/** Attributes that a user namespace locks when it gets somebody else's mount (mount_namespaces(7)), but for access times. */
const LOCKABLE: readonly MountAttrName[] = [
  "MOUNT_ATTR_RDONLY",
  "MOUNT_ATTR_NOSUID",
  "MOUNT_ATTR_NODEV",
  "MOUNT_ATTR_NOEXEC",
];

/** Words about access times, those of one choice in the order in which they overrule each other. */
const ACCESS_TIMES = [
  "MOUNT_ATTR_STRICTATIME",
  "MOUNT_ATTR_NOATIME",
  "MOUNT_ATTR_RELATIME",
  "MOUNT_ATTR_NODIRATIME",
] as const satisfies readonly MountAttrName[];

/**
 * What mount(MS_REMOUNT|MS_BIND) would do: exactly the attributes that are given; access times as they are unless one of their
 * words is set, and then as if nothing had been before (do_mount() of fs/namespace.c). Where the kernel has locked attributes of
 * the source those stay, and the step fails when it was told to clear one.
 */
export function setBindAttributes(
  low: Lowering,
  tree: Slot,
  wanted: RecursiveAttributes,
  mayBeLocked: boolean,
): void {
  const times = accessTimes(wanted.set);
  const isTime = (name: MountAttrName): boolean => ACCESS_TIMES.some((time) => time === name);
  const set = [...wanted.set.filter((name) => !isTime(name)), ...times.set];
  const cleared = wanted.clear.filter((name) => !isTime(name));
  const clear = [...cleared, "MOUNT_ATTR_NOSYMFOLLOW", ...times.clear] as const;
  const all = [...LOCKABLE, ...clear];
  if (!mayBeLocked) {
    return setAttributes(low, tree, { set, clear: all, deep: false, forgive: [] });
  }
  const { builder } = low;
  const done = builder.label();
  setAttributes(low, tree, { set, clear: all, deep: false, forgive: [ERRNO.EPERM] });
  builder.branch({ when: { kind: "succeeded" }, to: done });
  setAttributes(low, tree, { set, clear, deep: false, forgive: [] });
  builder.place(done);
}

/**
 * The same for a mount that root of the host has cloned for a user namespace: nothing of it is locked, and yet no attribute may
 * be cleared that the host has set; the step fails with EPERM when it was told to.
 */
export function addAttributes(
  low: Lowering,
  tree: Slot,
  { set, clear }: RecursiveAttributes,
): void {
  const { builder } = low;
  const asked = LOCKABLE.filter((name) => clear.includes(name));
  const times = accessTimes(set);
  if (asked.length + times.set.length > 0) {
    const status = builder.slot(STATFS_SIZE);
    const refused = builder.label();
    const allowed = builder.label();
    const of = { slot: status, offset: STATFS_FLAGS };
    builder.call("fstatfs", [builder.value(tree, "tree"), builder.addressOf(status, "status")]);
    for (const name of asked) {
      // The attributes have the bits of the flags of statvfs(3), which statfs gives with a bit of its own.
      const bit = MOUNT_ATTR.of(name);
      builder.branch({ of, when: { kind: "maskedEquals", mask: bit, value: bit }, to: refused });
    }
    if (times.set.length === 0) builder.jump(allowed);
    else builder.branch({ of, when: sameTimes(times.set), to: allowed });
    builder.place(refused);
    builder.fail(builder.immediate(ERRNO.EPERM, "EPERM"));
    builder.place(allowed);
  }
  if (set.length > 0) setAttributes(low, tree, { set, clear: [], deep: false, forgive: [] });
}

/** Access times are locked whatever they are: only those that the mount has can be asked for. */
function sameTimes(set: readonly MountAttrName[]): Condition {
  const { ST_NOATIME, ST_NODIRATIME, ST_RELATIME } = STATFS_FLAG;
  const value = (set.includes("MOUNT_ATTR_NOATIME") ? ST_NOATIME : 0n) |
    (set.includes("MOUNT_ATTR_NODIRATIME") ? ST_NODIRATIME : 0n) |
    (set.includes("MOUNT_ATTR_RELATIME") ? ST_RELATIME : 0n);
  return { kind: "maskedEquals", mask: ST_NOATIME | ST_NODIRATIME | ST_RELATIME, value };
}

function accessTimes(given: readonly MountAttrName[]): RecursiveAttributes {
  const choice = ACCESS_TIMES.find((name) => given.includes(name));
  if (choice === undefined) return { set: [], clear: [] };
  const mode = choice === "MOUNT_ATTR_NODIRATIME" ? "MOUNT_ATTR_RELATIME" : choice;
  const folders = given.includes("MOUNT_ATTR_NODIRATIME") ? ["MOUNT_ATTR_NODIRATIME"] as const : [];
  return { set: [mode, ...folders], clear: ["MOUNT_ATTR__ATIME", "MOUNT_ATTR_NODIRATIME"] };
}
