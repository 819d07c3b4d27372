import { type Fd, fd } from "syscalls/abi/brand.ts";
import { POLL } from "syscalls/abi/poll.ts";
import {
  AF,
  cmsghdr,
  cmsgSpace,
  encodeUnixAddress,
  iovec,
  MSG,
  msghdr,
  SCM,
  SOCK,
} from "syscalls/abi/socket.ts";
import { decodeText, encodeText } from "syscalls/abi/text.ts";
import { Arena } from "syscalls/libc/arena.ts";
import { call } from "syscalls/libc/call.ts";
import { OwnedFd } from "syscalls/libc/owned_fd.ts";
import { poll } from "syscalls/libc/poll.ts";

/** A message as it came, with the descriptors that came along. */
export interface Delivery {
  readonly text: string;
  readonly descriptors: readonly OwnedFd[];
}

/** How long a message may take to come, in milliseconds. */
const PATIENCE = 20_000;

/** A Unix socket at a path that takes messages with descriptors. */
export class DescriptorListener implements Disposable {
  readonly #socket: OwnedFd;

  constructor(path: string, readonly type: "SOCK_STREAM" | "SOCK_DGRAM" = "SOCK_STREAM") {
    using arena = new Arena();
    const attempt = { verb: "listen at", object: `"${path}"` };
    const flags = SOCK.of(type, "SOCK_CLOEXEC");
    this.#socket = new OwnedFd(fd(call(attempt, "socket", AF.AF_UNIX, flags, 0)));
    const name = encodeUnixAddress(encodeText(path));
    call(attempt, "bind", this.#socket.fd, arena.bytes(name), name.length);
    if (type === "SOCK_STREAM") call(attempt, "listen", this.#socket.fd, 4);
  }

  /** Waits for the next message: of a new connection, where there are connections. */
  take(): Delivery {
    awaitInput(this.#socket.fd);
    if (this.type === "SOCK_DGRAM") return receive(this.#socket.fd);
    const attempt = { verb: "accept", object: "connection" };
    const flags = SOCK.of("SOCK_CLOEXEC");
    using opened = new OwnedFd(fd(call(attempt, "accept4", this.#socket.fd, 0, 0, flags)));
    awaitInput(opened.fd);
    return receive(opened.fd);
  }

  /** Whether nothing has come that was not taken. */
  get quiet(): boolean {
    return poll([{ fd: this.#socket.fd, events: READABLE }], 0)[0] === 0;
  }

  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
  }
}

const READABLE = Number(POLL.of("POLLIN"));

function awaitInput(socket: Fd): void {
  if (poll([{ fd: socket, events: READABLE }], PATIENCE)[0] === 0) throw new Error("nothing came");
}

function receive(socket: Fd): Delivery {
  using arena = new Arena();
  const text = arena.reserve(4096);
  const control = arena.reserve(cmsgSpace(8));
  const piece = iovec.encode({ iov_base: BigInt(arena.bytes(text)), iov_len: BigInt(text.length) });
  const message = msghdr.encode({
    msg_iov: BigInt(arena.bytes(piece)),
    msg_iovlen: 1n,
    msg_control: BigInt(arena.bytes(control)),
    msg_controllen: BigInt(control.length),
  });
  const flags = MSG.of("MSG_CMSG_CLOEXEC");
  const attempt = { verb: "receive", object: "message" };
  const length = call(attempt, "recvmsg", socket, arena.bytes(message), flags);
  const { cmsg_len, cmsg_type } = cmsghdr.decode(control);
  const count = cmsg_type === SCM.SCM_RIGHTS ? (Number(cmsg_len) - cmsghdr.size) / 4 : 0;
  const numbers = new DataView(control.buffer, control.byteOffset + cmsghdr.size);
  return {
    text: decodeText(text.slice(0, length)),
    descriptors: Array.from(
      { length: count },
      (_, i) => new OwnedFd(fd(numbers.getInt32(4 * i, true))),
    ),
  };
}
