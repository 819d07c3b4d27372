import type { Arch } from "syscalls/abi/arch.ts";
import type { Fd, Pid } from "syscalls/abi/brand.ts";
import { CLONE } from "syscalls/abi/clone.ts";
import { ERRNO } from "syscalls/abi/errno.ts";
import { openFlags } from "syscalls/abi/open.ts";
import { SyscallError } from "syscalls/abi/syscall_error.ts";
import { memfd, openFile, setInheritable } from "syscalls/libc/files.ts";
import type { OwnedFd } from "syscalls/libc/owned_fd.ts";
import { spawn, waitPid } from "syscalls/libc/process.ts";
import { receive, socketPair } from "syscalls/libc/sockets.ts";
import { ProgramBuilder } from "syscalls/native/builder.ts";
import { link } from "syscalls/native/link.ts";
import type { Program } from "syscalls/native/program.ts";
import { decodeReport, REPORT_SIZE, TAG_FAILED } from "syscalls/native/report.ts";
import { TAG } from "runtime/plan/protocol.ts";

const PROGRAM_NAME = "ocirt-userns";

/**
 * A new user namespace with nobody in it, by descriptor. It takes a process to make one, and this one may not: it has threads
 * (unshare(2)).
 *
 * @param writeMaps writes the maps of the namespace that the process is in
 */
export function makeUserNamespace(arch: Arch, writeMaps: (process: Pid) => void): OwnedFd {
  const object = "user namespace for an id-mapped mount";
  return withHolder(arch, null, { verb: "create", object }, (process) => {
    writeMaps(process);
    return openFile(`/proc/${process}/ns/user`, openFlags(arch).of("O_RDONLY"));
  });
}

/** Calls a function while a process is in the user namespace of a file that is no `/proc/PID/ns/user`, or not for long. */
export function insideUserNamespace<Result>(
  arch: Arch,
  path: string,
  look: (process: Pid) => Result,
): Result {
  using namespace = openFile(path, openFlags(arch).of("O_RDONLY"));
  return withHolder(arch, namespace, { verb: "join", object: `user namespace "${path}"` }, look);
}

interface Attempt {
  readonly verb: string;
  readonly object: string;
}

/** @param joined the namespace that the process is in; null: one of its own */
function withHolder<Result>(
  arch: Arch,
  joined: OwnedFd | null,
  attempt: Attempt,
  call: (process: Pid) => Result,
): Result {
  const [ours, theirs] = socketPair();
  using host = ours;
  const process = startHolder(arch, theirs, joined);
  try {
    awaitNamespace(host.fd, attempt);
    return call(process);
  } finally {
    // The end of the socket is the end of the process.
    host[Symbol.dispose]();
    waitPid(process, { block: true });
  }
}

function startHolder(arch: Arch, socket: OwnedFd, joined: OwnedFd | null): Pid {
  using child = socket;
  using program = memfd(PROGRAM_NAME, link(holderProgram(child.fd, joined), arch));
  setInheritable(child.fd);
  if (joined !== null) setInheritable(joined.fd);
  const executable = `/proc/self/fd/${program.fd}`;
  return spawn({ executable, argv: [PROGRAM_NAME], environ: [] });
}

/** Makes or joins the namespace, tells of it, and waits for the end of the socket. */
function holderProgram(socket: Fd, joined: OwnedFd | null): Program {
  const builder = new ProgramBuilder(socket);
  builder.step({ label: "enter user namespace", origin: "" });
  const flags = builder.flags(CLONE, CLONE.of("CLONE_NEWUSER"));
  if (joined === null) builder.call("unshare", [flags]);
  else builder.call("setns", [builder.immediate(joined.fd, "namespace"), flags]);
  builder.report({ tag: TAG.ready, value: builder.immediate(0) });
  const space = builder.slot();
  builder.call("read", [
    builder.immediate(socket, "socket"),
    builder.addressOf(space, "space"),
    builder.immediate(8),
  ]);
  builder.exit(0);
  return builder.build();
}

function awaitNamespace(socket: Fd, attempt: Attempt): void {
  const message = new Uint8Array(REPORT_SIZE);
  const length = receive(socket, message);
  if (length === 0) throw failure(attempt, ERRNO.ESRCH);
  const { tag, value } = decodeReport(message.subarray(0, length));
  if (tag === TAG_FAILED) throw failure(attempt, Number(value));
}

function failure(attempt: Attempt, errno: number): SyscallError {
  const hint = "the limit in /proc/sys/user/max_user_namespaces is reached";
  return new SyscallError({ ...attempt, errno, ...errno === ERRNO.ENOSPC ? { hint } : {} });
}
