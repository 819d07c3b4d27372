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
  UNIX_PATH_MAX,
} from "syscalls/abi/socket.ts";
import { encodeText } from "syscalls/abi/text.ts";
import { Arena } from "./arena.ts";
import { call } from "./call.ts";
import { openFile } from "./files.ts";
import { hostArch } from "./library.ts";
import { OwnedFd } from "./owned_fd.ts";

/**
 * Connects to a Unix stream socket. One whose path does not fit an address is reached by a descriptor of it.
 * @throws {SyscallError} ENOENT, ECONNREFUSED when nobody listens, EPROTOTYPE when it is of another type
 */
export function connectUnix(path: string): OwnedFd {
  if (encodeText(path).length < UNIX_PATH_MAX) return connect(path, path);
  using socket = openFile(path, openFlags(hostArch()).of("O_PATH"));
  return connect(`/proc/self/fd/${socket.fd}`, path);
}

function connect(address: string, shown: string): OwnedFd {
  using arena = new Arena();
  const attempt = { verb: "connect to", object: `"${shown}"` };
  const flags = SOCK.of("SOCK_STREAM", "SOCK_CLOEXEC");
  const socket = new OwnedFd(fd(call(attempt, "socket", AF.AF_UNIX, flags, 0)));
  try {
    const name = encodeUnixAddress(encodeText(address));
    call(attempt, "connect", socket.fd, arena.bytes(name), name.length);
    return socket;
  } catch (cause) {
    socket[Symbol.dispose]();
    throw cause;
  }
}

/** Sends one descriptor, and `text` with it, which must not be empty. */
export function sendDescriptor(socket: Fd, sent: Fd, text: string): void {
  using arena = new Arena();
  const payload = encodeText(text);
  const piece = iovec.encode({
    iov_base: BigInt(arena.bytes(payload)),
    iov_len: BigInt(payload.length),
  });
  const control = arena.reserve(cmsgSpace(4));
  control.set(cmsghdr.encode({
    cmsg_len: BigInt(cmsgLength(4)),
    cmsg_level: SOL.SOL_SOCKET,
    cmsg_type: SCM.SCM_RIGHTS,
  }));
  new DataView(control.buffer, control.byteOffset).setInt32(cmsghdr.size, sent, true);
  const message = msghdr.encode({
    msg_iov: BigInt(arena.bytes(piece)),
    msg_iovlen: 1n,
    msg_control: BigInt(arena.bytes(control)),
    msg_controllen: BigInt(control.length),
  });
  const attempt = { verb: "send", object: `descriptor ${sent}` };
  call(attempt, "sendmsg", socket, arena.bytes(message), MSG.of("MSG_NOSIGNAL"));
}
