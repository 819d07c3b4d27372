/** Datagrams between Unix sockets: every message whole, nobody connected to anybody. */
import { type Fd, fd, type Mode } from "syscalls/abi/brand.ts";
import { ERRNO } from "syscalls/abi/errno.ts";
import { openFlags } from "syscalls/abi/open.ts";
import { AF, encodeUnixAddress, SOCK } from "syscalls/abi/socket.ts";
import { SyscallError } from "syscalls/abi/syscall_error.ts";
import { encodeText } from "syscalls/abi/text.ts";
import { Arena } from "./arena.ts";
import { call, retryCall } from "./call.ts";
import { openFile } from "./files.ts";
import { hostArch } from "./library.ts";
import { OwnedFd } from "./owned_fd.ts";
import { changeMode } from "./paths.ts";

/**
 * A socket that others send to by its file, which is made here; reading it never waits. The folder may have a path of any
 * length, which the name of a socket may not.
 *
 * @throws {SyscallError} ENOENT without the folder, EADDRINUSE when the file is there
 */
export function bindDatagrams(folder: string, name: string, permissions: Mode): OwnedFd {
  const path = `${folder}/${name}`;
  const attempt = { verb: "create socket", object: `"${path}"` };
  const O = openFlags(hostArch());
  using opened = openFile(folder, O.of("O_PATH", "O_DIRECTORY"));
  using socket = newSocket(["SOCK_NONBLOCK"]);
  using arena = new Arena();
  const address = encodeUnixAddress(encodeText(`/proc/self/fd/${opened.fd}/${name}`));
  call(attempt, "bind", socket.fd, arena.bytes(address), address.length);
  const result = changeMode(path, permissions);
  if (result < 0) {
    throw new SyscallError({
      verb: "set permissions of",
      object: `"${path}"`,
      errno: -result,
    });
  }
  return new OwnedFd(socket.release());
}

/**
 * A socket whose messages go to the one at a path, or, where the name begins with `@`, in the abstract namespace.
 * @throws {SyscallError} ENOENT, ECONNREFUSED when nobody listens
 */
export function connectDatagrams(name: string): OwnedFd {
  using socket = newSocket([]);
  using arena = new Arena();
  const path = name.startsWith("@") ? `\0${name.slice(1)}` : name;
  const address = encodeUnixAddress(encodeText(path));
  const attempt = { verb: "connect to", object: `"${name}"` };
  call(attempt, "connect", socket.fd, arena.bytes(address), address.length);
  return new OwnedFd(socket.release());
}

function newSocket(more: readonly "SOCK_NONBLOCK"[]): OwnedFd {
  const flags = SOCK.of("SOCK_DGRAM", "SOCK_CLOEXEC", ...more);
  const attempt = { verb: "create", object: "socket" };
  return new OwnedFd(fd(call(attempt, "socket", AF.AF_UNIX, flags, 0)));
}

/** The next message as it was sent, cut at the size of `space`; null when there is none. Descriptors that come with it are closed. */
export function nextDatagram(socket: Fd, space: Uint8Array<ArrayBuffer>): Uint8Array | null {
  using arena = new Arena();
  const result = retryCall("recvfrom", socket, arena.bytes(space), space.length, 0, 0, 0);
  if (result === -ERRNO.EAGAIN) return null;
  if (result < 0) throw new SyscallError({ verb: "receive", object: "message", errno: -result });
  return space.subarray(0, result);
}
