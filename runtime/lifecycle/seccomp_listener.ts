import type { Pid } from "syscalls/abi/brand.ts";
import { errnoText } from "syscalls/abi/errno.ts";
import { SyscallError } from "syscalls/abi/syscall_error.ts";
import type { OwnedFd } from "syscalls/libc/owned_fd.ts";
import { connectUnix, sendDescriptor } from "syscalls/libc/unix_client.ts";
import { HostError } from "runtime/base/errors.ts";
import type { Sent } from "runtime/launch/converse.ts";
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
 * Sends the listener of a process's filter to the agent with the ContainerProcessState of runtime.md. The process waits meanwhile.
 *
 * @param sent the listener, and nothing else
 * @throws {HostError} nobody listens, in runc's words
 */
export function sendListener(
  process: Pid,
  [listener]: Sent,
  agent: Agent | null,
  { record, status }: AgentScene,
): void {
  if (agent === null) throw new HostError("seccomp listenerPath is not set");
  if (listener === undefined) throw new RangeError("Cannot send listener: none came");
  const { path, metadata } = agent;
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
