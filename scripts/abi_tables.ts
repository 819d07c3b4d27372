import type { Arch } from "syscalls/abi/arch.ts";
import {
  _LINUX_CAPABILITY_VERSION_3,
  CAPABILITY_NAMES,
  capUserData,
  capUserHeader,
  SECBIT,
} from "syscalls/abi/capability.ts";
import { CLONE, cloneArgs, CSIGNAL } from "syscalls/abi/clone.ts";
import { ERRNO } from "syscalls/abi/errno.ts";
import { EFD } from "syscalls/abi/eventfd.ts";
import { F, F_SEAL, FD, LOCK } from "syscalls/abi/fcntl.ts";
import {
  DEVPTS_SUPER_MAGIC,
  PROC_SUPER_MAGIC,
  STAT_SIZE,
  STATFS_FLAGS,
  STATFS_SIZE,
  statOffsets,
} from "syscalls/abi/kernel_stat.ts";
import { IN, IN_INIT } from "syscalls/abi/inotify.ts";
import { IOPRIO_CLASS, IOPRIO_CLASS_SHIFT, IOPRIO_WHO } from "syscalls/abi/ioprio.ts";
import { KEYCTL } from "syscalls/abi/keyctl.ts";
import { MFD } from "syscalls/abi/memfd.ts";
import { MPOL, MPOL_F } from "syscalls/abi/mempolicy.ts";
import * as mount from "syscalls/abi/mount.ts";
import * as netlink from "syscalls/abi/netlink.ts";
import * as open from "syscalls/abi/open.ts";
import { PER } from "syscalls/abi/personality.ts";
import { POLL, pollfd } from "syscalls/abi/poll.ts";
import * as process from "syscalls/abi/process.ts";
import * as rtnetlink from "syscalls/abi/rtnetlink.ts";
import { SCHED, SCHED_FLAG, schedAttr } from "syscalls/abi/sched.ts";
import * as seccomp from "syscalls/abi/seccomp.ts";
import * as signal from "syscalls/abi/signal.ts";
import * as socket from "syscalls/abi/socket.ts";
import { STATX, statx } from "syscalls/abi/stat.ts";
import * as terminal from "syscalls/abi/terminal.ts";

/** What of a struct is compared with C, which is all of it but how fields are coded. */
export interface StructShape {
  readonly name: string;
  readonly size: number;
  readonly offsets: Readonly<Record<string, number>>;
}

/** Names that a C compiler is asked about, and what `syscalls/abi` says of them. */
export interface AbiGroup {
  readonly name: string;
  readonly includes: readonly string[];
  /** Each family of flags or table of numbers; the names are C's. */
  readonly tables: readonly Readonly<Record<string, bigint | number>>[];
  /** C expressions and their values. */
  readonly expressions?: Readonly<Record<string, bigint | number>>;
  /** Structs; a field that begins with `_` is padding of ours. */
  readonly structs?: readonly StructShape[];
  /** Structs of which ours has the first fields only, so that the sizes differ. */
  readonly heads?: readonly StructShape[];
}

/** Names that are newer than the headers of Debian 12 (Linux 6.1): compared only where the compiler knows them. */
export const NEWER_NAMES: ReadonlySet<string> = new Set([
  "F_SEAL_EXEC",
  "MFD_EXEC",
  "MFD_NOEXEC_SEAL",
  "MOVE_MOUNT_BENEATH",
  "MPOL_WEIGHTED_INTERLEAVE",
]);

/** Every table and struct of `syscalls/abi` that has a header to be compared with. */
export function abiGroups(arch: Arch): readonly AbiGroup[] {
  return [
    ...mountGroups(),
    ...fileGroups(arch),
    ...processGroups(),
    ...schedulingGroups(),
    ...signalGroups(),
    ...deviceGroups(),
    netlinkGroup(),
    seccompGroup(),
  ];
}

function mountGroups(): readonly AbiGroup[] {
  return [
    {
      name: "mount",
      includes: ["linux/fcntl.h", "linux/mount.h"],
      tables: [
        mount.MS.values,
        mount.MOUNT_ATTR.values,
        mount.MOVE_MOUNT.values,
        mount.OPEN_TREE.values,
        mount.FSOPEN.values,
        mount.FSMOUNT.values,
        mount.FSPICK.values,
        mount.FSCONFIG,
      ],
      structs: [mount.mountAttr],
    },
    { name: "umount", includes: ["sys/mount.h"], tables: [mount.MNT.values] },
  ];
}

function fileGroups(arch: Arch): readonly AbiGroup[] {
  return [
    {
      name: "open",
      includes: ["linux/fcntl.h", "linux/openat2.h", "linux/stat.h", "linux/fs.h"],
      tables: [
        open.openFlags(arch).values,
        open.AT.values,
        open.AT_UNLINK.values,
        open.AT_ACCESS.values,
        open.RESOLVE.values,
        open.RENAME.values,
        open.S_IF,
        STATX.values,
        F,
        FD.values,
        F_SEAL.values,
        LOCK.values,
      ],
      structs: [open.openHow, statx],
    },
    {
      name: "kernel_stat",
      includes: ["asm/stat.h", "asm/statfs.h", "linux/magic.h"],
      tables: [],
      expressions: {
        "offsetof(struct stat, st_mode)": statOffsets(arch).mode,
        "offsetof(struct stat, st_uid)": statOffsets(arch).uid,
        "offsetof(struct stat, st_rdev)": statOffsets(arch).rdev,
        [`sizeof(struct stat) <= ${STAT_SIZE}`]: 1,
        "sizeof(struct statfs)": STATFS_SIZE,
        "offsetof(struct statfs, f_flags)": STATFS_FLAGS,
        DEVPTS_SUPER_MAGIC,
        PROC_SUPER_MAGIC,
      },
    },
    { name: "memfd", includes: ["linux/memfd.h"], tables: [MFD.values] },
    { name: "errno", includes: ["asm/errno.h"], tables: [ERRNO] },
    notificationGroup(),
  ];
}

function notificationGroup(): AbiGroup {
  return {
    name: "notifications",
    includes: ["sys/eventfd.h", "sys/inotify.h"],
    tables: [EFD.values, IN.values, IN_INIT.values],
  };
}

function processGroups(): readonly AbiGroup[] {
  return [
    {
      name: "clone",
      includes: ["linux/sched.h"],
      tables: [CLONE.values],
      expressions: { CSIGNAL },
      structs: [cloneArgs],
    },
    {
      name: "process",
      includes: [
        "linux/fcntl.h",
        "linux/prctl.h",
        "linux/resource.h",
        "linux/close_range.h",
        "linux/wait.h",
        "linux/pidfd.h",
      ],
      tables: [
        process.PR,
        process.PR_CAP_AMBIENT,
        process.RLIMIT,
        process.CLOSE_RANGE.values,
        process.P,
        process.W.values,
        process.PIDFD.values,
      ],
      expressions: { RLIM64_INFINITY: process.RLIM64_INFINITY },
      structs: [process.rlimit64],
    },
  ];
}

function schedulingGroups(): readonly AbiGroup[] {
  return [
    {
      name: "sched",
      includes: ["linux/sched.h", "linux/sched/types.h"],
      tables: [SCHED, SCHED_FLAG.values],
      structs: [schedAttr],
    },
    {
      name: "ioprio",
      includes: ["linux/ioprio.h"],
      tables: [IOPRIO_CLASS, IOPRIO_WHO],
      expressions: { IOPRIO_CLASS_SHIFT },
    },
    { name: "mempolicy", includes: ["linux/mempolicy.h"], tables: [MPOL, MPOL_F.values] },
    { name: "personality", includes: ["linux/personality.h"], tables: [PER] },
    {
      name: "keyctl",
      includes: ["linux/keyctl.h"],
      tables: [KEYCTL],
    },
  ];
}

function signalGroups(): readonly AbiGroup[] {
  const capabilities = Object.fromEntries(CAPABILITY_NAMES.map((name, number) => [name, number]));
  return [
    {
      name: "signal",
      includes: ["linux/signal.h", "linux/signalfd.h"],
      tables: [signal.SIGNALS, signal.SIG_HOW, signal.SA.values, signal.SFD.values, process.CLD],
      expressions: {
        "8 * sizeof(sigset_t)": signal.NSIG,
        "(unsigned long)SIG_DFL": signal.SIG_HANDLER.SIG_DFL,
        "(unsigned long)SIG_IGN": signal.SIG_HANDLER.SIG_IGN,
        "sizeof(siginfo_t)": process.SIGINFO_SIZE,
        "sizeof(sigset_t)": signal.SIGSET_SIZE,
      },
      structs: [signal.sigaction, signal.signalfdSiginfo],
      heads: [process.siginfoChild],
    },
    {
      name: "capability",
      includes: ["linux/capability.h", "linux/securebits.h"],
      tables: [capabilities, SECBIT.values],
      expressions: { _LINUX_CAPABILITY_VERSION_3, "CAP_LAST_CAP + 1": CAPABILITY_NAMES.length },
      structs: [capUserHeader, capUserData],
    },
  ];
}

function netlinkGroup(): AbiGroup {
  return {
    name: "netlink",
    includes: ["linux/netlink.h", "linux/rtnetlink.h"],
    tables: [
      netlink.NETLINK,
      netlink.NLMSG,
      netlink.NLM_F.values,
      netlink.NLM_F_NEW.values,
      netlink.NLM_F_GET.values,
      rtnetlink.RTM,
      rtnetlink.RT_SCOPE,
      rtnetlink.IFLA,
      rtnetlink.IFA,
      rtnetlink.IFA_F.values,
    ],
    expressions: { "NLA_TYPE_MASK & 0xffff": netlink.NLA_TYPE_MASK },
    structs: [
      netlink.sockaddrNl,
      netlink.nlmsghdr,
      netlink.nlattr,
      rtnetlink.ifinfomsg,
      rtnetlink.ifaddrmsg,
    ],
    heads: [netlink.nlmsgerr],
  };
}

function deviceGroups(): readonly AbiGroup[] {
  return [
    { name: "poll", includes: ["asm/poll.h"], tables: [POLL.values], structs: [pollfd] },
    {
      name: "socket",
      includes: [
        "sys/socket.h",
        "sys/uio.h",
        "linux/un.h",
        "linux/if.h",
        "linux/sockios.h",
      ],
      tables: [
        socket.AF,
        socket.SOCK.values,
        socket.MSG.values,
        socket.SOL,
        socket.SCM,
        socket.SO,
        socket.SHUT,
        socket.SIOC,
        socket.IFF.values,
      ],
      expressions: {
        UNIX_PATH_MAX: socket.UNIX_PATH_MAX,
        "CMSG_LEN(5)": socket.cmsgLength(5),
        "CMSG_SPACE(5)": socket.cmsgSpace(5),
        "CMSG_SPACE(8)": socket.cmsgSpace(8),
      },
      structs: [socket.iovec, socket.msghdr, socket.cmsghdr, socket.ucred, socket.ifreqFlags],
    },
    {
      name: "terminal",
      includes: ["linux/termios.h"],
      tables: [
        terminal.TIOC,
        terminal.IFLAG.values,
        terminal.OFLAG.values,
        terminal.CFLAG.values,
        terminal.LFLAG.values,
        terminal.CC,
      ],
      expressions: { CS8: terminal.CS8 },
      structs: [terminal.winsize, terminal.termios],
    },
  ];
}

function seccompGroup(): AbiGroup {
  return {
    name: "seccomp",
    includes: ["linux/seccomp.h", "linux/filter.h", "linux/audit.h", "sys/ioctl.h"],
    tables: [
      seccomp.SECCOMP,
      seccomp.SECCOMP_MODE,
      seccomp.SECCOMP_FILTER_FLAG.values,
      seccomp.SECCOMP_RET,
      seccomp.SECCOMP_RET_MASK,
      seccomp.SECCOMP_USER_NOTIF_FLAG.values,
      seccomp.SECCOMP_ADDFD_FLAG.values,
      seccomp.SECCOMP_IOCTL,
      seccomp.AUDIT_ARCHS,
    ],
    expressions: { BPF_MAXINSNS: seccomp.BPF_MAXINSNS },
    structs: [
      seccomp.seccompData,
      seccomp.seccompNotifSizes,
      seccomp.seccompNotif,
      seccomp.seccompNotifResp,
      seccomp.seccompNotifAddfd,
      seccomp.sockFprog,
    ],
  };
}
