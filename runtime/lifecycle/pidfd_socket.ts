import type { Pid } from "syscalls/abi/brand.ts";
import { openPidfd } from "syscalls/libc/process.ts";
import { connectUnix, sendDescriptor } from "syscalls/libc/unix_client.ts";
import { resolveUserPath } from "runtime/host/bundle.ts";

/** crun's annotation by which a configuration names such a socket itself. */
const RECEIVER = "run.oci.pidfd_receiver";

/** What a pidfd is of, in the words that runc sends with it: a container's init, or a process of `exec`. */
export type PidfdPayload = "standard" | "setns";

/** Who is to get a pidfd of the init: by the command line, by an annotation, or both. */
export function pidfdSockets(
  pidfdSocket: string | null,
  annotations: Readonly<Record<string, string>>,
): readonly string[] {
  return [pidfdSocket, annotations[RECEIVER]].filter((path) => path !== undefined && path !== null);
}

/** Sends a pidfd of a child of ours, which cannot be another's before it is reaped, to whoever listens at these Unix sockets. */
export function sendPidfd(process: Pid, sockets: readonly string[], payload: PidfdPayload): void {
  if (sockets.length === 0) return;
  using pidfd = openPidfd(process);
  for (const path of sockets) {
    using socket = connectUnix(resolveUserPath(path));
    sendDescriptor(socket.fd, pidfd.fd, payload);
  }
}
