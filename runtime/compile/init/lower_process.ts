import { CLONE_FLAG_OF } from "./clone_flags.ts";
import { CLONE, cloneArgs } from "syscalls/abi/clone.ts";
import { ERRNO } from "syscalls/abi/errno.ts";
import { KEY, KEY_SPEC_SESSION_KEYRING, KEYCTL } from "syscalls/abi/keyctl.ts";
import { openFlags } from "syscalls/abi/open.ts";
import { PR } from "syscalls/abi/process.ts";
import { SIG_HOW, sigaction, SIGSET_SIZE } from "syscalls/abi/signal.ts";
import { AF, IFF, ifreqFlags, SIOC, SOCK } from "syscalls/abi/socket.ts";
import { encodeText } from "syscalls/abi/text.ts";
import type { Label, Slot } from "syscalls/native/program.ts";
import { TAG } from "runtime/plan/protocol.ts";
import type { NamespaceStep, ProcessStep } from "runtime/plan/step.ts";
import { unreachable } from "runtime/base/unreachable.ts";
import { askHost } from "./ask_host.ts";
import { closeInherited } from "./close_descriptors.ts";
import { close, cwd, hostFd, type Lowering } from "./lowering.ts";

type Of<Kind extends (ProcessStep | NamespaceStep)["kind"]> = Extract<
  ProcessStep | NamespaceStep,
  { kind: Kind }
>;

/** What the init is called until it is the user's program, 15 bytes at most. */
const PROCESS_NAME = "ocirt-init";

export function lowerProcess(low: Lowering, step: ProcessStep | NamespaceStep): void {
  switch (step.kind) {
    case "resetSignals":
      return lowerResetSignals(low, step);
    case "useStdio":
      return lowerStdio(low);
    case "enterHostDirectory":
      return low.builder.call("chdir", [low.builder.cString(step.path)], {
        forgive: step.mayBeGone ? [ERRNO.ENOENT] : [],
      });
    case "closeInherited":
      return closeInherited(low, step.preservedFds);
    case "ask":
      return askHost(low, step.duty);
    case "joinCgroup":
      return lowerJoinCgroup(low, step);
    case "forkInit":
      return lowerFork(low, step);
    case "joinSessionKeyring":
      return lowerKeyring(low, step);
    case "forbidTracing":
      return setDumpable(low, 0);
    case "newSession":
      return low.builder.call("setsid", []);
    case "joinNamespace":
      return lowerJoin(low, step);
    case "joinProcess":
      return lowerJoinProcess(low, step);
    case "unshare":
      return lowerUnshare(low, step);
    case "becomeNamespaceRoot":
      return lowerBecomeRoot(low, step);
    case "setTimeOffset":
      return lowerTimeOffset(low, step);
    case "loopbackUp":
      return lowerLoopback(low);
    case "setHostname":
      return lowerName(low, "sethostname", step.name);
    case "setDomainname":
      return lowerName(low, "setdomainname", step.name);
    default:
      return unreachable(step);
  }
}

function lowerResetSignals(low: Lowering, { ignored }: Of<"resetSignals">): void {
  const { builder } = low;
  // Started by its descriptor, the program would be called by that number in ps and top.
  builder.call("prctl", [
    builder.immediate(PR.PR_SET_NAME, "PR_SET_NAME"),
    builder.cString(PROCESS_NAME),
  ]);
  const size = builder.immediate(SIGSET_SIZE);
  const none = builder.bytes(new Uint8Array(SIGSET_SIZE), "[]");
  builder.call("rt_sigprocmask", [
    builder.immediate(SIG_HOW.SIG_SETMASK, "SIG_SETMASK"),
    none,
    builder.immediate(0, "NULL"),
    size,
  ]);
  const byDefault = builder.bytes(new Uint8Array(sigaction.size), "{SIG_DFL}");
  for (const signal of ignored) {
    builder.call("rt_sigaction", [
      builder.immediate(signal),
      byDefault,
      builder.immediate(0, "NULL"),
      size,
    ]);
  }
}

function lowerStdio({ builder, descriptors: { stdio } }: Lowering): void {
  if (stdio === null) throw new RangeError("Cannot compile step: there are no descriptors stdio");
  const names = ["stdin", "stdout", "stderr"];
  stdio.forEach((fd, index) => {
    const to = builder.immediate(index, names[index] ?? "");
    builder.call("dup3", [builder.immediate(fd), to, builder.immediate(0)]);
  });
}

function lowerJoinCgroup(low: Lowering, { tasks }: Of<"joinCgroup">): void {
  const { builder } = low;
  const file = builder.slot();
  const family = openFlags(low.arch);
  builder.call("openat", [
    cwd(low),
    builder.cString(tasks),
    builder.flags(family, family.of("O_WRONLY", "O_CLOEXEC")),
  ], { into: file });
  builder.call("write", [builder.value(file, "tasks"), builder.cString("0"), builder.immediate(1)]);
  close(low, file);
}

function lowerFork(low: Lowering, { namespaces, intoCgroup, orBesides }: Of<"forkInit">): void {
  const { builder } = low;
  // CLONE_PARENT: the init becomes the runtime's own child, and this process may end. The signal that its end sends
  // is then the parent's own (clone(2)), SIGCHLD.
  const flags = CLONE.of("CLONE_PARENT", ...namespaces.map((type) => CLONE_FLAG_OF[type]));
  const child = builder.label();
  const initPid = builder.slot();
  const made = builder.label();
  const into = initPid;
  const born = intoCgroup && !(orBesides && low.descriptors.cgroup === null);
  if (born) {
    cloneIntoCgroup(low, { flags, child, into, forgive: orBesides ? "all" : [] });
    if (orBesides) builder.branch({ when: { kind: "succeeded" }, to: made });
  }
  if (!born || orBesides) {
    builder.fork({ flags, flagsText: CLONE.text(flags), child, into });
  }
  builder.place(made);
  builder.report({ tag: TAG.initPid, value: builder.value(initPid, "pid of init") });
  builder.exit(0);
  builder.place(child);
}

/** clone3(2): the init is born in its cgroup, which costs no lock of the whole machine as a move would. */
function cloneIntoCgroup(
  { builder, descriptors }: Lowering,
  { flags, child, into, forgive }: {
    flags: bigint;
    child: Label;
    into: Slot;
    forgive: readonly number[] | "all";
  },
): void {
  const { cgroup } = descriptors;
  if (cgroup === null) {
    throw new RangeError("Cannot compile fork: there is no descriptor of a cgroup");
  }
  const all = CLONE.of("CLONE_INTO_CGROUP") | flags;
  const args = cloneArgs.encode({ flags: all, cgroup: BigInt(cgroup) });
  builder.call("clone3", [
    builder.bytes(args, () => `{flags: ${CLONE.text(all)}, cgroup: cgroup}`),
    builder.immediate(cloneArgs.size),
  ], { into, forgive });
  builder.branch({ when: { kind: "equals", value: 0n }, to: child });
}

/** What a keyring has that was made by its name (join_session_keyring in security/keys/process_keys.c). */
const NEW_KEYRING = ["KEY_POS_ALL", "KEY_USR_VIEW", "KEY_USR_READ", "KEY_USR_LINK"] as const;

function lowerKeyring(low: Lowering, { name, searchableBy }: Of<"joinSessionKeyring">): void {
  const { builder } = low;
  const joined = builder.label();
  const done = builder.label();
  const keyring = builder.slot();
  builder.call("keyctl", [
    builder.immediate(KEYCTL.KEYCTL_JOIN_SESSION_KEYRING, "KEYCTL_JOIN_SESSION_KEYRING"),
    builder.cString(name),
  ], { into: keyring, forgive: [ERRNO.ENOSYS] });
  builder.branch({ when: { kind: "succeeded" }, to: joined });
  builder.report({ tag: TAG.warning, value: builder.value(keyring, "keyring") });
  builder.jump(done);
  builder.place(joined);
  if (searchableBy !== null) {
    const search = searchableBy === "user" ? "KEY_USR_SEARCH" : "KEY_OTH_SEARCH";
    builder.call("keyctl", [
      builder.immediate(KEYCTL.KEYCTL_SETPERM, "KEYCTL_SETPERM"),
      // Who is in a keyring of that name already, as in a container in a container of the same id, was told serial number 0.
      builder.immediate(KEY_SPEC_SESSION_KEYRING, "KEY_SPEC_SESSION_KEYRING"),
      builder.flags(KEY, KEY.of(...NEW_KEYRING, search)),
    ]);
  }
  builder.place(done);
}

function lowerJoin(low: Lowering, { type, fd, attempt }: Of<"joinNamespace">): void {
  const { builder, descriptors } = low;
  const index = Number(fd.slice("namespace:".length));
  const number = descriptors.namespaces[index];
  if (number === undefined) {
    throw new RangeError(`Cannot compile join: there is no descriptor ${fd}`);
  }
  const flag = CLONE.of(CLONE_FLAG_OF[type]);
  const args = [builder.immediate(number, fd), builder.flags(CLONE, flag)];
  if (attempt === "only") return builder.call("setns", args);
  if (attempt === "first") {
    const joined = builder.slot();
    low.joined.set(index, joined);
    return builder.call("setns", args, { into: joined, forgive: [ERRNO.EPERM] });
  }
  const joined = low.joined.get(index);
  if (joined === undefined) throw new RangeError(`Cannot compile join: ${fd} was not tried before`);
  const done = builder.label();
  builder.branch({ of: joined, when: { kind: "equals", value: 0n }, to: done });
  builder.call("setns", args);
  builder.place(done);
}

function lowerJoinProcess(low: Lowering, { types }: Of<"joinProcess">): void {
  const { builder } = low;
  builder.call("setns", [
    builder.immediate(hostFd(low, "target"), "target"),
    builder.flags(CLONE, CLONE.of(...types.map((type) => CLONE_FLAG_OF[type]))),
  ]);
}

function lowerUnshare({ builder }: Lowering, { type }: Of<"unshare">): void {
  builder.call("unshare", [builder.flags(CLONE, CLONE.of(CLONE_FLAG_OF[type]))]);
}

function lowerBecomeRoot(low: Lowering, { ownsProcFiles }: Of<"becomeNamespaceRoot">): void {
  const { builder } = low;
  const zero = builder.immediate(0);
  // Refused where setgroups is denied for good (an unprivileged user's map): the groups stay then, as they must.
  builder.call("setgroups", [zero, builder.immediate(0, "NULL")], { forgive: [ERRNO.EPERM] });
  builder.call("setresgid", [zero, zero, zero]);
  builder.call("setresuid", [zero, zero, zero]);
  // Changing ids made the process undumpable, and its /proc/self files root's of the host (proc(5)).
  if (ownsProcFiles) setDumpable(low, 1);
}

function setDumpable({ builder }: Lowering, dumpable: 0 | 1): void {
  const zero = builder.immediate(0);
  builder.call("prctl", [
    builder.immediate(PR.PR_SET_DUMPABLE, "PR_SET_DUMPABLE"),
    builder.immediate(dumpable),
    zero,
    zero,
    zero,
  ]);
}

function lowerTimeOffset(low: Lowering, { clock, secs, nanosecs }: Of<"setTimeOffset">): void {
  const { builder } = low;
  const file = builder.slot();
  const family = openFlags(low.arch);
  builder.call("openat", [
    cwd(low),
    builder.cString("/proc/self/timens_offsets"),
    builder.flags(family, family.of("O_WRONLY", "O_CLOEXEC")),
  ], { into: file });
  const line = encodeText(`${clock} ${secs} ${nanosecs}\n`);
  builder.call("write", [
    builder.value(file, "timens_offsets"),
    builder.bytes(line, `"${clock} ${secs} ${nanosecs}\\n"`, 1),
    builder.immediate(line.length),
  ]);
  close(low, file);
}

function lowerLoopback(low: Lowering): void {
  const { builder } = low;
  const socket = builder.slot();
  const done = builder.label();
  // A kernel without IPv4 has no lo to bring up this way, and no use for it.
  builder.call("socket", [
    builder.immediate(AF.AF_INET, "AF_INET"),
    builder.flags(SOCK, SOCK.of("SOCK_DGRAM", "SOCK_CLOEXEC")),
    builder.immediate(0),
  ], { into: socket, forgive: [ERRNO.EAFNOSUPPORT] });
  builder.branch({ when: { kind: "failed" }, to: done });
  const request = ifreqFlags.encode({
    ifr_name: encodeText("lo"),
    ifr_flags: Number(IFF.of("IFF_UP", "IFF_RUNNING")),
  });
  builder.call("ioctl", [
    builder.value(socket, "socket"),
    builder.immediate(SIOC.SIOCSIFFLAGS, "SIOCSIFFLAGS"),
    builder.bytes(request, '{ifr_name: "lo", ifr_flags: IFF_UP|IFF_RUNNING}'),
  ]);
  close(low, socket);
  builder.place(done);
}

function lowerName(
  { builder }: Lowering,
  call: "sethostname" | "setdomainname",
  name: string,
): void {
  const bytes = encodeText(name);
  builder.call(call, [
    builder.bytes(bytes, JSON.stringify(name), 1),
    builder.immediate(bytes.length),
  ]);
}
