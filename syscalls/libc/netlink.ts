import { fd } from "syscalls/abi/brand.ts";
import { ERRNO } from "syscalls/abi/errno.ts";
import {
  decodeNetlink,
  encodeNetlink,
  NETLINK,
  type NetlinkMessage,
  NLM_F,
  NLMSG,
  nlmsgerr,
  type ReceivedMessage,
  sockaddrNl,
} from "syscalls/abi/netlink.ts";
import { AF, SOCK } from "syscalls/abi/socket.ts";
import { Arena } from "./arena.ts";
import { call } from "./call.ts";
import { OwnedFd } from "./owned_fd.ts";
import { receive, send } from "./sockets.ts";

/** More than the kernel puts into one datagram (NLMSG_GOODSIZE, or as much as the reader has room for up to 32 KiB). */
const DATAGRAM_SIZE = 65_536;

/** What came of a request. */
export interface NetlinkAnswer {
  /** 0, or a positive errno. */
  readonly errno: number;
  readonly messages: readonly ReceivedMessage[];
  /** The list changed while it was read, and may lack something. */
  readonly interrupted: boolean;
}

/** A talk with the kernel about the network namespace in which it was opened, whoever holds it later. */
export class RouteSocket implements Disposable {
  readonly #socket: OwnedFd;
  readonly #space = new Uint8Array(DATAGRAM_SIZE);
  #sequence = 0;

  /** @throws {SyscallError} EPROTONOSUPPORT, EMFILE */
  constructor() {
    const attempt = { verb: "open", object: "netlink socket" };
    const flags = SOCK.of("SOCK_RAW", "SOCK_CLOEXEC");
    this.#socket = new OwnedFd(
      fd(call(attempt, "socket", AF.AF_NETLINK, flags, NETLINK.NETLINK_ROUTE)),
    );
    // Connected to the kernel, it takes no message from anybody else: root of the namespace may send some.
    using arena = new Arena();
    const kernel = arena.bytes(sockaddrNl.encode({ nl_family: AF.AF_NETLINK }));
    call(attempt, "connect", this.#socket.fd, kernel, sockaddrNl.size);
  }

  /** Sends a request and waits for the whole of its answer. */
  ask(request: NetlinkMessage): NetlinkAnswer {
    const sequence = ++this.#sequence;
    const flags = request.flags | Number(NLM_F.of("NLM_F_REQUEST", "NLM_F_ACK"));
    send(this.#socket.fd, encodeNetlink({ ...request, flags }, sequence));
    const messages: ReceivedMessage[] = [];
    let interrupted = false;
    for (;;) {
      const length = receive(this.#socket.fd, this.#space);
      for (const message of decodeNetlink(this.#space.subarray(0, length))) {
        if (message.sequence !== sequence) continue;
        const { type, payload } = message;
        interrupted ||= (message.flags & Number(NLM_F.of("NLM_F_DUMP_INTR"))) !== 0;
        if (type !== NLMSG.NLMSG_ERROR && type !== NLMSG.NLMSG_DONE) messages.push(message);
        else return { errno: errnoIn(payload), messages, interrupted };
      }
    }
  }

  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
  }
}

function errnoIn(payload: Uint8Array): number {
  return payload.length < nlmsgerr.size ? ERRNO.EIO : -nlmsgerr.decode(payload).error;
}
