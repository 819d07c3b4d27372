import { ERRNO } from "syscalls/abi/errno.ts";
import {
  DEVPTS_SUPER_MAGIC,
  makedev,
  STAT_SIZE,
  STATFS_SIZE,
  statOffsets,
} from "syscalls/abi/kernel_stat.ts";
import { OPEN_TREE } from "syscalls/abi/mount.ts";
import { AT, openFlags } from "syscalls/abi/open.ts";
import { TIOC } from "syscalls/abi/terminal.ts";
import type { Operand, Slot } from "syscalls/native/program.ts";
import type { TerminalStep } from "runtime/plan/step.ts";
import { unreachable } from "runtime/base/unreachable.ts";
import { askHost } from "./ask_host.ts";
import { heldNumber, hold } from "./held.ts";
import { close, type Lowering, openAt } from "./lowering.ts";
import { attach } from "./mount_attributes.ts";
import { useParent } from "./open_directory.ts";

/** The device number of every ptmx (Documentation/admin-guide/devices.txt). */
const PTMX = makedev(5, 2);

export function lowerTerminal(low: Lowering, step: TerminalStep): void {
  switch (step.kind) {
    case "openTerminal":
      return lowerOpen(low);
    case "mountConsole":
      return lowerConsole(low);
    default:
      return unreachable(step);
  }
}

/** The process's end comes from the master by ioctl, never by a name that the image could have put there (CVE-2025-52565). */
function lowerOpen(low: Lowering): void {
  const { builder } = low;
  const family = openFlags(low.arch);
  const master = builder.slot();
  openAt(low, {
    from: builder.value(low.root, "root"),
    path: "dev/pts/ptmx",
    flags: ["O_RDWR", "O_NOCTTY"],
    resolve: ["RESOLVE_IN_ROOT", "RESOLVE_NO_MAGICLINKS"],
    into: master,
  });
  requirePtmx(low, master);
  const opened = builder.value(master, "master");
  const unlocked = builder.bytes(new Uint8Array(8), "&0");
  ioctl(low, opened, "TIOCSPTLCK", unlocked);
  const flags = builder.flags(family, family.of("O_RDWR", "O_NOCTTY", "O_CLOEXEC"));
  ioctl(low, opened, "TIOCGPTPEER", flags, low.terminal);
  hold(low, opened, "terminalMaster");
  builder.call("close", [opened]);
  askHost(low, "terminal");
  // Nobody but the host half may hold the master, or its end would never be seen.
  builder.call("close", [builder.immediate(heldNumber(low, "terminalMaster"))]);
  const terminal = builder.value(low.terminal, "terminal");
  for (const fd of [0, 1, 2]) {
    builder.call("dup3", [terminal, builder.immediate(fd), builder.immediate(0)]);
  }
  ioctl(low, builder.immediate(0), "TIOCSCTTY", builder.immediate(0));
}

function ioctl(
  { builder }: Lowering,
  fd: Operand,
  request: keyof typeof TIOC,
  argument: Operand,
  into?: Slot,
): void {
  const args = [fd, builder.immediate(TIOC[request], request), argument];
  builder.call("ioctl", args, into === undefined ? {} : { into });
}

/** Fails with ENODEV unless what was opened is the ptmx of a devpts. */
function requirePtmx(low: Lowering, master: Slot): void {
  const { builder } = low;
  const wrong = builder.label();
  const isDevice = builder.label();
  const right = builder.label();
  const opened = builder.value(master, "master");
  const status = builder.slot(STAT_SIZE);
  builder.call("newfstatat", [
    opened,
    builder.cString(""),
    builder.addressOf(status, "status"),
    builder.flags(AT, AT.of("AT_EMPTY_PATH")),
  ]);
  const { rdev } = statOffsets(low.arch);
  builder.branch({
    of: { slot: status, offset: rdev },
    when: { kind: "equals", value: PTMX },
    to: isDevice,
  });
  builder.jump(wrong);
  builder.place(isDevice);
  const filesystem = builder.slot(STATFS_SIZE);
  builder.call("fstatfs", [opened, builder.addressOf(filesystem, "file system")]);
  builder.branch({
    of: filesystem,
    when: { kind: "equals", value: DEVPTS_SUPER_MAGIC },
    to: right,
  });
  builder.place(wrong);
  builder.fail(builder.immediate(ERRNO.ENODEV, "ENODEV"));
  builder.place(right);
}

/** A mount of the terminal itself over a file that no link may stand for. */
function lowerConsole(low: Lowering): void {
  const { builder } = low;
  const parent = builder.value(useParent(low, "/dev/console"), "parent");
  const target = builder.slot();
  const there = builder.label();
  const resolve = ["RESOLVE_BENEATH", "RESOLVE_NO_SYMLINKS"] as const;
  openAt(low, {
    from: parent,
    path: "console",
    flags: ["O_PATH", "O_NOFOLLOW"],
    resolve,
    into: target,
    forgive: [ERRNO.ENOENT],
  });
  builder.branch({ when: { kind: "succeeded" }, to: there });
  openAt(low, {
    from: parent,
    path: "console",
    flags: ["O_CREAT", "O_EXCL", "O_NOFOLLOW"],
    resolve,
    mode: 0o666,
    into: target,
  });
  builder.place(there);
  const tree = builder.slot();
  builder.call("open_tree", [
    builder.value(low.terminal, "terminal"),
    builder.cString(""),
    builder.flags(
      OPEN_TREE,
      OPEN_TREE.of("OPEN_TREE_CLONE", "OPEN_TREE_CLOEXEC", "AT_EMPTY_PATH"),
    ),
  ], { into: tree });
  attach(low, tree, builder.value(target, "console"), "");
  close(low, tree);
  close(low, target);
}
