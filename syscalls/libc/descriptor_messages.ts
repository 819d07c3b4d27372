import { type Fd, fd } from "syscalls/abi/brand.ts";
import { cmsghdr, cmsgSpace, iovec, MSG, msghdr, SCM, SOL } from "syscalls/abi/socket.ts";
import { Arena } from "./arena.ts";
import { call } from "./call.ts";
import { OwnedFd } from "./owned_fd.ts";

/** A message, and the descriptors that came with it. */
export interface DescriptorMessage {
  /** How many bytes it has; 0 at the end of the connection. */
  readonly length: number;
  /** Close-on-exec, and the receiver's to close. */
  readonly descriptors: readonly OwnedFd[];
  /** It had more bytes, or more descriptors, than there was room for. */
  readonly truncated: boolean;
}

/** How many descriptors there is room for. */
const MOST = 16;

/** Waits for one message, reads it into `space`, and takes the descriptors that are sent with it (unix(7), SCM_RIGHTS). */
export function receiveDescriptors(
  socket: Fd,
  space: Uint8Array<ArrayBuffer>,
): DescriptorMessage {
  using arena = new Arena();
  const piece = iovec.encode({
    iov_base: BigInt(arena.bytes(space)),
    iov_len: BigInt(space.length),
  });
  const control = arena.reserve(cmsgSpace(4 * MOST));
  const head = arena.reserve(msghdr.size);
  head.set(msghdr.encode({
    msg_iov: BigInt(arena.bytes(piece)),
    msg_iovlen: 1n,
    msg_control: BigInt(arena.bytes(control)),
    msg_controllen: BigInt(control.length),
  }));
  const attempt = { verb: "receive", object: "message" };
  const flags = MSG.of("MSG_CMSG_CLOEXEC");
  const length = call(attempt, "recvmsg", socket, arena.bytes(head), flags);
  const { msg_controllen, msg_flags } = msghdr.decode(head);
  const cut = MSG.of("MSG_TRUNC", "MSG_CTRUNC");
  return {
    length,
    descriptors: descriptorsIn(control.subarray(0, Number(msg_controllen))),
    truncated: (BigInt(msg_flags) & cut) !== 0n,
  };
}

function descriptorsIn(control: Uint8Array<ArrayBuffer>): OwnedFd[] {
  const found: OwnedFd[] = [];
  for (let at = 0; at + cmsghdr.size <= control.length;) {
    const { cmsg_len, cmsg_level, cmsg_type } = cmsghdr.decode(control.subarray(at));
    const size = Number(cmsg_len) - cmsghdr.size;
    if (size < 0) break;
    if (cmsg_level === SOL.SOL_SOCKET && cmsg_type === SCM.SCM_RIGHTS) {
      const start = control.byteOffset + at + cmsghdr.size;
      const numbers = new Int32Array(control.buffer, start, Math.floor(size / 4));
      for (const number of numbers) found.push(new OwnedFd(fd(number)));
    }
    at += cmsgSpace(size);
  }
  return found;
}
