import { flagFamily } from "./flags.ts";
import { i32, struct, u16, u32 } from "./struct.ts";

/** Protocols of AF_NETLINK (linux/netlink.h). */
export const NETLINK = { NETLINK_ROUTE: 0 } as const;

/** Types of messages that every protocol has (linux/netlink.h). */
export const NLMSG = { NLMSG_NOOP: 1, NLMSG_ERROR: 2, NLMSG_DONE: 3 } as const;

/** Flags of a message (linux/netlink.h). */
export const NLM_F = flagFamily("NLM_F", {
  NLM_F_REQUEST: 0x1n,
  NLM_F_MULTI: 0x2n,
  NLM_F_ACK: 0x4n,
  NLM_F_DUMP_INTR: 0x10n,
});

/** Flags of a message that makes something: other bits than those of one that asks (linux/netlink.h). */
export const NLM_F_NEW = flagFamily("NLM_F_NEW", {
  NLM_F_REPLACE: 0x100n,
  NLM_F_EXCL: 0x200n,
  NLM_F_CREATE: 0x400n,
});

/** Flags of a message that asks for a list (linux/netlink.h). */
export const NLM_F_GET = flagFamily("NLM_F_GET", { NLM_F_DUMP: 0x300n });

/** Who a message is for or from; `nl_pid` 0 is the kernel (linux/netlink.h). */
export const sockaddrNl = struct("sockaddr_nl", {
  nl_family: u16,
  nl_pad: u16,
  nl_pid: u32,
  nl_groups: u32,
});

/** The head of a message (linux/netlink.h). */
export const nlmsghdr = struct("nlmsghdr", {
  nlmsg_len: u32,
  nlmsg_type: u16,
  nlmsg_flags: u16,
  nlmsg_seq: u32,
  nlmsg_pid: u32,
});

/** What NLMSG_ERROR begins with: 0 or a negative errno. NLMSG_DONE begins with the same number (linux/netlink.h). */
export const nlmsgerr = struct("nlmsgerr", { error: i32 });

/** The head of an attribute; its value follows at once (linux/netlink.h). */
export const nlattr = struct("nlattr", { nla_len: u16, nla_type: u16 });

/** Bits of an attribute's type that are no part of its number (linux/netlink.h). */
export const NLA_TYPE_MASK = 0x3fff;

/** Heads, bodies and attributes begin on such boundaries (NLMSG_ALIGN, NLA_ALIGN in linux/netlink.h). */
function aligned(size: number): number {
  return (size + 3) & ~3;
}

/** A message, without what the socket fills in. */
export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  /** The struct that the type calls for. */
  readonly body: Uint8Array;
  /** Values by number, the last of each. */
  readonly attributes: ReadonlyMap<number, Uint8Array>;
}

/** The bytes of a message that carries the number `sequence`. */
export function encodeNetlink(
  { type, flags, body, attributes }: NetlinkMessage,
  sequence: number,
): Uint8Array<ArrayBuffer> {
  const values = [...attributes];
  const size = values.reduce(
    (sum, [, value]) => sum + aligned(nlattr.size + value.length),
    nlmsghdr.size + aligned(body.length),
  );
  const message = new Uint8Array(size);
  message.set(nlmsghdr.encode({
    nlmsg_len: size,
    nlmsg_type: type,
    nlmsg_flags: flags,
    nlmsg_seq: sequence,
  }));
  message.set(body, nlmsghdr.size);
  let at = nlmsghdr.size + aligned(body.length);
  for (const [number, value] of values) {
    message.set(nlattr.encode({ nla_len: nlattr.size + value.length, nla_type: number }), at);
    message.set(value, at + nlattr.size);
    at += aligned(nlattr.size + value.length);
  }
  return message;
}

/** A message as it was received: its body and attributes not taken apart yet. */
export interface ReceivedMessage {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly payload: Uint8Array;
}

/**
 * Takes apart what one receive gave, which may be many messages.
 * @throws {RangeError} when a length does not fit: the kernel sends none of those
 */
export function decodeNetlink(bytes: Uint8Array): ReceivedMessage[] {
  const messages: ReceivedMessage[] = [];
  for (let at = 0; at < bytes.length;) {
    const head = nlmsghdr.decode(bytes.subarray(at));
    const { nlmsg_len: length } = head;
    if (length < nlmsghdr.size || at + length > bytes.length) {
      throw new RangeError(`Cannot decode netlink message: it says that it has ${length} bytes`);
    }
    messages.push({
      type: head.nlmsg_type,
      flags: head.nlmsg_flags,
      sequence: head.nlmsg_seq,
      payload: bytes.slice(at + nlmsghdr.size, at + length),
    });
    at += aligned(length);
  }
  return messages;
}

/** The attributes that follow a body of `bodySize` bytes. */
export function decodeAttributes(payload: Uint8Array, bodySize: number): Map<number, Uint8Array> {
  const attributes = new Map<number, Uint8Array>();
  for (let at = aligned(bodySize); at + nlattr.size <= payload.length;) {
    const { nla_len: length, nla_type: type } = nlattr.decode(payload.subarray(at));
    if (length < nlattr.size || at + length > payload.length) {
      throw new RangeError(`Cannot decode netlink attribute: it says that it has ${length} bytes`);
    }
    attributes.set(type & NLA_TYPE_MASK, payload.subarray(at + nlattr.size, at + length));
    at += aligned(length);
  }
  return attributes;
}
