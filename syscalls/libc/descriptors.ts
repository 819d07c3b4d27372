import { type Fd, fd } from "syscalls/abi/brand.ts";
import { cmsghdr, cmsgSpace, iovec, MSG, msghdr, SCM, SOL } from "syscalls/abi/socket.ts";
import { Arena } from "./arena.ts";
import { call } from "./call.ts";
import { OwnedFd } from "./owned_fd.ts";

/** Most descriptors that one message is read with. */
const MOST = 8;

/**
 * Waits for a message that brings descriptors (unix(7), SCM_RIGHTS), close-on-exec. What it says is of no interest.
 * @returns none when the message has none, or the connection has ended
 */
export function receiveDescriptors(socket: Fd): OwnedFd[] {
  using arena = new Arena();
  const text = arena.reserve(8);
  const control = arena.reserve(cmsgSpace(4 * MOST));
  const piece = iovec.encode({ iov_base: BigInt(arena.bytes(text)), iov_len: BigInt(text.length) });
  const message = msghdr.encode({
    msg_iov: BigInt(arena.bytes(piece)),
    msg_iovlen: 1n,
    msg_control: BigInt(arena.bytes(control)),
    msg_controllen: BigInt(control.length),
  });
  const attempt = { verb: "receive", object: "descriptors" };
  call(attempt, "recvmsg", socket, arena.bytes(message), MSG.of("MSG_CMSG_CLOEXEC"));
  const { cmsg_len, cmsg_level, cmsg_type } = cmsghdr.decode(control);
  if (cmsg_level !== SOL.SOL_SOCKET || cmsg_type !== SCM.SCM_RIGHTS) return [];
  const numbers = new DataView(control.buffer, control.byteOffset + cmsghdr.size);
  const count = (Number(cmsg_len) - cmsghdr.size) / 4;
  return Array.from({ length: count }, (_, i) => new OwnedFd(fd(numbers.getInt32(4 * i, true))));
}
