import {
  _LINUX_CAPABILITY_VERSION_3,
  capUserHeader,
  encodeCapabilities,
} from "syscalls/abi/capability.ts";
import { ERRNO } from "syscalls/abi/errno.ts";
import { makedev, STAT_SIZE, statOffsets } from "syscalls/abi/kernel_stat.ts";
import { AT } from "syscalls/abi/open.ts";
import { PR, PR_CAP_AMBIENT, RLIMIT, rlimit64 } from "syscalls/abi/process.ts";
import type { Label, Operand, Slot } from "syscalls/native/program.ts";
import type { CapabilitySets } from "runtime/spec/valid.ts";
import type { IdentityStep } from "runtime/plan/step.ts";
import { unreachable } from "runtime/base/unreachable.ts";
import { close, type Lowering, openInRoot, warnOfFailure } from "./lowering.ts";

type Of<Kind extends IdentityStep["kind"]> = Extract<IdentityStep, { kind: Kind }>;

/** One more than the largest capability number that any kernel can have (linux/capability.h: two 32-bit words). */
const CAPABILITY_LIMIT = 64;

/** "(unreach", the first 8 bytes of what getcwd(2) says of a directory outside the root: `(unreachable)/...`. */
const UNREACHABLE = new DataView(new TextEncoder().encode("(unreach").buffer).getBigUint64(0, true);
const DEV_NULL = makedev(1, 3);
/** Room for any path that getcwd(2) can give (PATH_MAX). */
const PATH_MAX = 4096;

export function lowerIdentity(low: Lowering, step: IdentityStep): void {
  switch (step.kind) {
    case "enterDirectory":
      return lowerEnter(low, step);
    case "setRlimit":
      return lowerRlimit(low, step);
    case "ownStdio":
      return lowerStdio(low, step);
    case "setNoNewPrivileges":
      return prctl(low, "PR_SET_NO_NEW_PRIVS", [1]);
    case "dropBoundingSet":
      return lowerBounding(low, step);
    case "setGroups":
      return lowerGroups(low, step);
    case "setUser":
      return lowerUser(low, step);
    case "setCapabilities":
      return lowerCapabilities(low, step.sets);
    case "reduceCapabilities":
      return setCapabilities(low, step.sets);
    default:
      return unreachable(step);
  }
}

function prctl(
  { builder }: Lowering,
  option: keyof typeof PR,
  args: readonly number[],
  forgive: readonly number[] | "all" = [],
): void {
  const rest = [0, 1, 2, 3].map((index) => builder.immediate(args[index] ?? 0));
  builder.call("prctl", [builder.immediate(PR[option], option), ...rest], { forgive });
}

/** As root first, so that a directory that only root may enter works; else again as the user. */
function lowerEnter(low: Lowering, { path, attempt }: Of<"enterDirectory">): void {
  const { builder } = low;
  const directory = builder.slot();
  const done = builder.label();
  const entered = { kind: "equals", value: 1n } as const;
  const asRoot = attempt === "asRoot";
  if (!asRoot) builder.branch({ of: low.entered, when: entered, to: done });
  const forgive = asRoot ? [ERRNO.EACCES] : [];
  // No magic links: a cwd like /proc/self/fd/7 would leave the root (CVE-2024-21626).
  openInRoot(low, path, { into: directory, flags: ["O_DIRECTORY"], forgive });
  if (asRoot) builder.branch({ when: { kind: "failed" }, to: done });
  builder.call("fchdir", [builder.value(directory, "directory")], { forgive });
  if (asRoot) {
    const refused = builder.label();
    builder.branch({ when: { kind: "failed" }, to: refused });
    builder.set(low.entered, builder.immediate(1));
    builder.place(refused);
  }
  close(low, directory);
  if (!asRoot) builder.place(done);
  verifyInside(low);
  if (asRoot) builder.place(done);
}

/** The kernel itself says whether the working directory lies in the root. */
function verifyInside(low: Lowering): void {
  const { builder } = low;
  const path = builder.slot(PATH_MAX);
  const outside = builder.label();
  const inside = builder.label();
  builder.call("getcwd", [builder.addressOf(path, "path"), builder.immediate(PATH_MAX)]);
  builder.branch({ of: path, when: { kind: "equals", value: UNREACHABLE }, to: outside });
  builder.jump(inside);
  builder.place(outside);
  builder.fail(builder.immediate(ERRNO.EXDEV, "EXDEV"));
  builder.place(inside);
}

function lowerRlimit({ builder }: Lowering, { resource, soft, hard }: Of<"setRlimit">): void {
  const number = RLIMIT[resource as keyof typeof RLIMIT];
  const limit = rlimit64.encode({ rlim_cur: soft, rlim_max: hard });
  builder.call("prlimit64", [
    builder.immediate(0),
    builder.immediate(number, resource),
    builder.bytes(limit, `{${soft}, ${hard}}`),
    builder.immediate(0, "NULL"),
  ]);
}

/**
 * A process that opens /dev/stdout anew must own what is behind it, if its mode is for the owner only.
 *
 * The host's /dev/null, which is shared by all, stays root's; a descriptor that is closed has no owner.
 */
function lowerStdio(low: Lowering, { uid }: Of<"ownStdio">): void {
  const { builder } = low;
  const status = builder.slot(STAT_SIZE);
  for (const fd of [0, 1, 2]) {
    const done = builder.label();
    builder.call("newfstatat", [
      builder.immediate(fd),
      builder.cString(""),
      builder.addressOf(status, "status"),
      builder.flags(AT, AT.of("AT_EMPTY_PATH")),
    ], { forgive: [ERRNO.EBADF] });
    builder.branch({ when: { kind: "failed" }, to: done });
    branchWhenOwned(low, { status, uid, to: done });
    const device = { slot: status, offset: statOffsets(low.arch).rdev };
    builder.branch({ of: device, when: { kind: "equals", value: DEV_NULL }, to: done });
    // Refused on a read-only file system, for an owner that the user namespace does not know, and by some file systems
    // for reasons of their own: the process can still use what it inherits, so it is no reason to stop.
    builder.call("fchown", [
      builder.immediate(fd),
      builder.immediate(uid),
      builder.immediate(-1, "-1"),
    ], { forgive: "all" });
    builder.place(done);
  }
}

/** Looks at `st_uid` of a `struct stat`: 32 of the 64 bits that a branch compares. */
function branchWhenOwned(
  { builder, arch }: Lowering,
  { status, uid, to }: { status: Slot; uid: number; to: Label },
): void {
  const { uid: offset } = statOffsets(arch);
  const shift = BigInt(8 * (offset % 8));
  builder.branch({
    of: { slot: status, offset: offset - offset % 8 },
    when: { kind: "maskedEquals", mask: 0xffff_ffffn << shift, value: BigInt(uid) << shift },
    to,
  });
}

/** Also capabilities that this build knows no name of; EINVAL is beyond the kernel's own range. */
function lowerBounding(low: Lowering, { drop }: Of<"dropBoundingSet">): void {
  for (let capability = 0; capability < CAPABILITY_LIMIT; capability++) {
    if ((drop >> BigInt(capability) & 1n) === 0n) continue;
    prctl(low, "PR_CAPBSET_DROP", [capability], [ERRNO.EINVAL]);
  }
}

function lowerGroups({ builder }: Lowering, { gids }: Of<"setGroups">): void {
  const table = new Uint8Array(4 * gids.length);
  const view = new DataView(table.buffer);
  gids.forEach((gid, index) => view.setUint32(4 * index, gid, true));
  const list: Operand = gids.length === 0
    ? builder.immediate(0, "NULL")
    : builder.bytes(table, `[${gids.join(", ")}]`);
  // EPERM with nothing to set: setgroups is denied in an unprivileged user's namespace, and there is none to lose.
  builder.call("setgroups", [builder.immediate(gids.length), list], {
    forgive: gids.length === 0 ? [ERRNO.EPERM] : [],
  });
}

/** Capabilities survive the change of user until they are set for good. */
function lowerUser(low: Lowering, { uid, gid }: Of<"setUser">): void {
  const { builder } = low;
  prctl(low, "PR_SET_KEEPCAPS", [1]);
  const group = builder.immediate(gid);
  const user = builder.immediate(uid);
  builder.call("setresgid", [group, group, group]);
  builder.call("setresuid", [user, user, user]);
}

function lowerCapabilities(low: Lowering, sets: CapabilitySets): void {
  prctl(low, "PR_CAP_AMBIENT", [PR_CAP_AMBIENT.PR_CAP_AMBIENT_CLEAR_ALL], [ERRNO.EINVAL]);
  setCapabilities(low, sets);
  for (let capability = 0; capability < CAPABILITY_LIMIT; capability++) {
    if ((sets.ambient >> BigInt(capability) & 1n) === 1n) raiseAmbient(low, capability);
  }
}

function setCapabilities({ builder }: Lowering, sets: CapabilitySets): void {
  const header = capUserHeader.encode({ version: _LINUX_CAPABILITY_VERSION_3, pid: 0 });
  const hex = (set: bigint): string => `0x${set.toString(16)}`;
  const text = `{effective: ${hex(sets.effective)}, permitted: ${
    hex(sets.permitted)
  }, inheritable: ${hex(sets.inheritable)}}`;
  builder.call("capset", [
    builder.bytes(header, "{version: 3, pid: 0}"),
    builder.bytes(encodeCapabilities(sets), text),
  ]);
}

/** An ambient capability that cannot be raised is a warning (config.md: "SHOULD NOT fail"). */
function raiseAmbient(low: Lowering, capability: number): void {
  const { builder } = low;
  const result = builder.slot();
  builder.call("prctl", [
    builder.immediate(PR.PR_CAP_AMBIENT, "PR_CAP_AMBIENT"),
    builder.immediate(PR_CAP_AMBIENT.PR_CAP_AMBIENT_RAISE, "PR_CAP_AMBIENT_RAISE"),
    builder.immediate(capability),
    builder.immediate(0),
    builder.immediate(0),
  ], { forgive: "all", into: result });
  warnOfFailure(low, result);
}
