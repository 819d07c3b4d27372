import {
  cmsghdr,
  cmsgLength,
  cmsgSpace,
  iovec,
  MSG,
  msghdr,
  SCM,
  SOL,
} from "syscalls/abi/socket.ts";
import type { Operand } from "syscalls/native/program.ts";
import { DUTY, type Duty, LISTENER, REPLY_SIZE, SENT_WITH, TAG } from "runtime/plan/protocol.ts";
import { heldNumber } from "./held.ts";
import type { Lowering } from "./lowering.ts";

/** A question to the host half. No answer means that it is gone, and with it the reason to go on. */
export function askHost(low: Lowering, duty: Duty): void {
  putQuestion(low, duty);
  readAnswer(low);
}

/** A question whose answer is read elsewhere. */
export function putQuestion(low: Lowering, duty: Duty): void {
  const { builder, descriptors } = low;
  builder.report({ tag: TAG.ask, value: builder.immediate(DUTY[duty], duty) });
  const sent = SENT_WITH[duty];
  if (sent !== undefined) {
    builder.call("sendmsg", [
      builder.immediate(descriptors.sync, "sync"),
      messageWith(low, sent.map((name) => name === "listener" ? LISTENER : heldNumber(low, name))),
      builder.flags(MSG, MSG.of("MSG_NOSIGNAL")),
    ]);
  }
}

/** Waits until the host half has done what it was told of. */
export function readAnswer(low: Lowering): void {
  const { builder, descriptors } = low;
  const answered = builder.label();
  builder.call("read", [
    builder.immediate(descriptors.sync, "sync"),
    builder.addressOf(low.reply, "reply"),
    builder.immediate(REPLY_SIZE),
  ]);
  builder.branch({ when: { kind: "equals", value: BigInt(REPLY_SIZE) }, to: answered });
  builder.exit(1);
  builder.place(answered);
}

/** One byte, and descriptors with it. */
function messageWith({ builder }: Lowering, sent: readonly number[]): Operand {
  const size = 4 * sent.length;
  const control = new Uint8Array(cmsgSpace(size));
  control.set(cmsghdr.encode({
    cmsg_len: BigInt(cmsgLength(size)),
    cmsg_level: SOL.SOL_SOCKET,
    cmsg_type: SCM.SCM_RIGHTS,
  }));
  const numbers = new DataView(control.buffer, cmsghdr.size);
  sent.forEach((number, index) => numbers.setInt32(4 * index, number, true));
  const piece = builder.bytesWithPointers(iovec.encode({ iov_len: 1n }), [
    { offset: iovec.offsets.iov_base, to: builder.bytes(new Uint8Array(1)) },
  ]);
  const head = msghdr.encode({ msg_iovlen: 1n, msg_controllen: BigInt(control.length) });
  return builder.bytesWithPointers(head, [
    { offset: msghdr.offsets.msg_iov, to: piece },
    { offset: msghdr.offsets.msg_control, to: builder.bytes(control) },
  ], `{SCM_RIGHTS: [${sent.join(", ")}]}`);
}
