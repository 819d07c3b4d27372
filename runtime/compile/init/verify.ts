import { ERRNO } from "syscalls/abi/errno.ts";
import {
  makedev,
  PROC_SUPER_MAGIC,
  STAT_SIZE,
  STATFS_SIZE,
  statOffsets,
} from "syscalls/abi/kernel_stat.ts";
import { AT, S_IF } from "syscalls/abi/open.ts";
import type { Label, Slot } from "syscalls/native/program.ts";
import type { Lowering } from "./lowering.ts";

/** A device by its numbers, or a fifo. */
export interface Node {
  readonly type: "c" | "b" | "p";
  readonly major: number;
  readonly minor: number;
}

const NULL_DEVICE: Node = { type: "c", major: 1, minor: 3 };

const TYPE_NAMES = { c: "S_IFCHR", b: "S_IFBLK", p: "S_IFIFO" } as const;

/** The name of a node's type, and its bits in a mode. */
export function nodeType(type: Node["type"]): { readonly name: string; readonly bits: bigint } {
  const name = TYPE_NAMES[type];
  return { name, bits: BigInt(S_IF[name]) };
}

/** CVE-2025-31133: what covers masked files must be the null device, or the container could read and write what it is. */
export function requireNull(low: Lowering, opened: Slot): void {
  requireNode(low, opened, NULL_DEVICE, "ENODEV");
}

/** Fails with `errno` unless what was opened is the node that was asked for: by what the kernel says of it, never by its name. */
export function requireNode(
  low: Lowering,
  opened: Slot,
  { type, major, minor }: Node,
  errno: "EEXIST" | "ENODEV",
): void {
  const { builder } = low;
  const offsets = statOffsets(low.arch);
  const wrong = builder.label();
  const right = builder.label();
  const typeIs = builder.label();
  const status = builder.slot(STAT_SIZE);
  builder.call("newfstatat", [
    builder.value(opened, "node"),
    builder.cString(""),
    builder.addressOf(status, "status"),
    builder.flags(AT, AT.of("AT_EMPTY_PATH")),
  ]);
  builder.branch({
    of: { slot: status, offset: offsets.mode },
    when: { kind: "maskedEquals", mask: BigInt(S_IF.S_IFMT), value: nodeType(type).bits },
    to: typeIs,
  });
  builder.jump(wrong);
  builder.place(typeIs);
  if (type === "p") builder.jump(right);
  else {
    builder.branch({
      of: { slot: status, offset: offsets.rdev },
      when: { kind: "equals", value: makedev(major, minor) },
      to: right,
    });
  }
  builder.place(wrong);
  builder.fail(builder.immediate(ERRNO[errno], errno));
  builder.place(right);
}

/** CVE-2019-16884: what counts as procfs must be one, or what is written to it ends anywhere. */
export function requireProc(low: Lowering, opened: Slot, errno: "EINVAL" | "ENODEV"): void {
  const { builder } = low;
  const proc = builder.label();
  branchWhenProc(low, opened, proc);
  builder.fail(builder.immediate(ERRNO[errno], errno));
  builder.place(proc);
}

/**
 * Fails with EXDEV when the symlinks of an image lead a mount point into a procfs, which a configuration may not name: what the
 * container's own programs read and write there would be somebody else's.
 */
export function refuseProc(low: Lowering, opened: Slot): void {
  const { builder } = low;
  const wrong = builder.label();
  const right = builder.label();
  branchWhenProc(low, opened, wrong);
  builder.jump(right);
  builder.place(wrong);
  builder.fail(builder.immediate(ERRNO.EXDEV, "EXDEV"));
  builder.place(right);
}

function branchWhenProc({ builder }: Lowering, opened: Slot, to: Label): void {
  const status = builder.slot(STATFS_SIZE);
  builder.call("fstatfs", [builder.value(opened, "tree"), builder.addressOf(status, "status")]);
  builder.branch({ of: status, when: { kind: "equals", value: PROC_SUPER_MAGIC }, to });
}
