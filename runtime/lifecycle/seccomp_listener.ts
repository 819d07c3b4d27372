import type { Pid } from "syscalls/abi/brand.ts";
import { errnoText } from "syscalls/abi/errno.ts";
import { SyscallError } from "syscalls/abi/syscall_error.ts";
import type { OwnedFd } from "syscalls/libc/owned_fd.ts";
import { openPidfd, takeDescriptor } from "syscalls/libc/process.ts";
import { connectUnix, sendDescriptor } from "syscalls/libc/unix_client.ts";
import { HostError } from "runtime/base/errors.ts";
import { resolveUserPath } from "runtime/host/bundle.ts";
import type { ContainerRecord } from "runtime/state/record.ts";
import type { Status } from "runtime/state/status.ts";
import { hookState } from "./hook_state.ts";

/** Who answers for a filter. */
export interface Agent {
  /** Of a Unix stream socket. */
  readonly path: string;
  /** Handed on as it is. */
  readonly metadata: string;
}

/** What an agent is told of the container that a filtered process belongs to. */
export interface AgentScene {
  readonly record: ContainerRecord;
  readonly status: Status;
}

/**
 * Takes the listener of a process's filter, and sends it to the agent with the ContainerProcessState of runtime.md. The process
 * waits meanwhile.
 *
 * @param descriptor its number there
 * @throws {HostError} nobody listens, in runc's words
 */
export function sendListener(
  process: Pid,
  descriptor: number,
  agent: Agent | null,
  { record, status }: AgentScene,
): void {
  if (agent === null) throw new HostError("seccomp listenerPath is not set");
  const { path, metadata } = agent;
  using pidfd = openPidfd(process);
  using listener = takeDescriptor(pidfd.fd, descriptor);
  using socket = connectToAgent(path);
  // Of a container that is being made the record may not yet have the pid.
  const init = status === "creating" ? process : record.pid;
  const state = {
    ociVersion: record.ociVersion,
    fds: ["seccompFd"],
    pid: process,
    ...metadata === "" ? {} : { metadata },
    state: JSON.parse(hookState(record, { status, pid: init })),
  };
  sendDescriptor(socket.fd, listener.fd, JSON.stringify(state));
}

function connectToAgent(path: string): OwnedFd {
  try {
    // As Go writes a name in the abstract namespace.
    return connectUnix(path.startsWith("@") ? `\0${path.slice(1)}` : resolveUserPath(path));
  } catch (cause) {
    if (!(cause instanceof SyscallError)) throw cause;
    throw new HostError(
      `failed to connect with seccomp agent specified in the seccomp profile: dial unix ${path}: connect: ${
        errnoText(cause.errno).toLowerCase()
      }; hint: is it running, and listening there?`,
      { cause },
    );
  }
}
