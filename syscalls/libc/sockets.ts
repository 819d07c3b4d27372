import { type Fd, fd } from "syscalls/abi/brand.ts";
import { AF, MSG, SOCK } from "syscalls/abi/socket.ts";
import { Arena } from "./arena.ts";
import { call } from "./call.ts";
import { OwnedFd } from "./owned_fd.ts";

/**
 * Two ends of a new connection that keeps messages apart (SOCK_SEQPACKET), both close-on-exec.
 * @throws {SyscallError} EMFILE, ENFILE
 */
export function socketPair(): [OwnedFd, OwnedFd] {
  using arena = new Arena();
  const space = arena.reserve(8);
  call(
    { verb: "create", object: "socket pair" },
    "socketpair",
    AF.AF_UNIX,
    SOCK.of("SOCK_SEQPACKET", "SOCK_CLOEXEC"),
    0,
    arena.bytes(space),
  );
  const ends = new Int32Array(space.buffer, space.byteOffset, 2);
  return [new OwnedFd(fd(ends[0] ?? -1)), new OwnedFd(fd(ends[1] ?? -1))];
}

/**
 * Sends one message; a lost reader is an error, not a signal.
 * @throws {SyscallError} EPIPE when nobody reads any more
 */
export function send(socket: Fd, message: Uint8Array<ArrayBuffer>): void {
  using arena = new Arena();
  call(
    { verb: "send", object: `${message.length} bytes` },
    "sendto",
    socket,
    arena.bytes(message),
    message.length,
    MSG.of("MSG_NOSIGNAL"),
    0,
    0,
  );
}

/** Waits for one message and reads it into `space`: how many bytes it has, 0 at the end of the connection. */
export function receive(socket: Fd, space: Uint8Array<ArrayBuffer>): number {
  using arena = new Arena();
  const address = arena.bytes(space);
  const attempt = { verb: "receive", object: "message" };
  return call(attempt, "recvfrom", socket, address, space.length, 0, 0, 0);
}

/**
 * Sends bytes over a stream, all of them.
 * @throws {SyscallError} EPIPE, ECONNRESET when nobody reads any more
 */
export function sendAll(socket: Fd, bytes: Uint8Array<ArrayBuffer>): void {
  const attempt = { verb: "send", object: `${bytes.length} bytes` };
  const flags = MSG.of("MSG_NOSIGNAL");
  for (let sent = 0; sent < bytes.length;) {
    using arena = new Arena();
    const rest = bytes.slice(sent);
    sent += call(attempt, "sendto", socket, arena.bytes(rest), rest.length, flags, 0, 0);
  }
}
