import { type Fd, fd } from "syscalls/abi/brand.ts";
import { openFlags } from "syscalls/abi/open.ts";
import {
  AF,
  cmsghdr,
  cmsgLength,
  cmsgSpace,
  encodeUnixAddress,
  iovec,
  MSG,
  msghdr,
  SCM,
  SOCK,
  SOL,
} from "syscalls/abi/socket.ts";
import { POLL } from "syscalls/abi/poll.ts";
import { decodeText, encodeText } from "syscalls/abi/text.ts";
import { Arena } from "syscalls/libc/arena.ts";
import { call } from "syscalls/libc/call.ts";
import { openFile } from "syscalls/libc/files.ts";
import { hostArch } from "syscalls/libc/library.ts";
import { OwnedFd } from "syscalls/libc/owned_fd.ts";
import { poll } from "syscalls/libc/poll.ts";

/** What came in one message. */
export interface ReceivedDescriptors {
  /** The bytes that came with them. */
  readonly name: string;
  readonly descriptors: readonly OwnedFd[];
}

/** A Unix socket as conmon and containerd have one: the runtime sends it the master of a terminal. */
export class ConsoleSocket implements Disposable {
  readonly #listener: OwnedFd;

  /** Listens at a path, which may be longer than an address has room for. */
  constructor(readonly path: string) {
    using arena = new Arena();
    const attempt = { verb: "listen at", object: `"${path}"` };
    const type = SOCK.of("SOCK_STREAM", "SOCK_CLOEXEC");
    this.#listener = new OwnedFd(fd(call(attempt, "socket", AF.AF_UNIX, type, 0)));
    const at = path.lastIndexOf("/");
    const flags = openFlags(hostArch()).of("O_PATH", "O_DIRECTORY");
    using folder = openFile(path.slice(0, at + 1), flags);
    const short = `/proc/self/fd/${folder.fd}/${path.slice(at + 1)}`;
    const name = encodeUnixAddress(encodeText(short));
    call(attempt, "bind", this.#listener.fd, arena.bytes(name), name.length);
    call(attempt, "listen", this.#listener.fd, 8);
  }

  /** Whether somebody has connected who was not accepted yet. */
  get hasCaller(): boolean {
    return poll([{ fd: this.#listener.fd, events: READABLE }], 0)[0] !== 0;
  }

  /** Accepts a connection, takes its only message, and sees its end. */
  receive(): ReceivedDescriptors {
    if (!this.hasCaller) throw new Error("Nobody has connected to the console socket");
    const attempt = { verb: "accept", object: "connection" };
    const flags = SOCK.of("SOCK_CLOEXEC");
    using connection = new OwnedFd(
      fd(call(attempt, "accept4", this.#listener.fd, 0, 0, flags)),
    );
    const received = receiveMessage(connection.fd);
    const { name, descriptors } = receiveMessage(connection.fd);
    if (name !== "" || descriptors.length > 0) throw new Error("A second message came");
    return received;
  }

  [Symbol.dispose](): void {
    this.#listener[Symbol.dispose]();
  }
}

const READABLE = Number(POLL.of("POLLIN"));

/** Room for more descriptors than anybody may send. */
const MOST_DESCRIPTORS = 16;

function receiveMessage(connection: Fd): ReceivedDescriptors {
  using arena = new Arena();
  const payload = arena.reserve(4096);
  const control = arena.reserve(cmsgSpace(4 * MOST_DESCRIPTORS));
  const piece = iovec.encode({
    iov_base: BigInt(arena.bytes(payload)),
    iov_len: BigInt(payload.length),
  });
  const message = arena.reserve(msghdr.size);
  message.set(msghdr.encode({
    msg_iov: BigInt(arena.bytes(piece)),
    msg_iovlen: 1n,
    msg_control: BigInt(arena.bytes(control)),
    msg_controllen: BigInt(control.length),
  }));
  const attempt = { verb: "receive", object: "descriptor" };
  const flags = MSG.of("MSG_CMSG_CLOEXEC");
  const length = call(attempt, "recvmsg", connection, arena.bytes(message), flags);
  const { msg_controllen, msg_flags } = msghdr.decode(message);
  if ((BigInt(msg_flags) & MSG.of("MSG_CTRUNC", "MSG_TRUNC")) !== 0n) {
    throw new Error("The message was cut off");
  }
  return {
    name: decodeText(payload.subarray(0, length)),
    descriptors: descriptorsIn(control, Number(msg_controllen)),
  };
}

function descriptorsIn(control: Uint8Array<ArrayBuffer>, length: number): OwnedFd[] {
  if (length === 0) return [];
  const { cmsg_len, cmsg_level, cmsg_type } = cmsghdr.decode(control);
  if (cmsg_level !== SOL.SOL_SOCKET || cmsg_type !== SCM.SCM_RIGHTS) {
    throw new Error(`A control message of another kind came: ${cmsg_level} ${cmsg_type}`);
  }
  const view = new DataView(control.buffer, control.byteOffset);
  const found: OwnedFd[] = [];
  for (let at = cmsgLength(0); at < Number(cmsg_len); at += 4) {
    found.push(new OwnedFd(fd(view.getInt32(at, true))));
  }
  return found;
}
