import type { Fd } from "syscalls/abi/brand.ts";
import { ERRNO } from "syscalls/abi/errno.ts";
import {
  decodeAttributes,
  type NetlinkMessage,
  NLM_F_GET,
  NLM_F_NEW,
  type ReceivedMessage,
} from "syscalls/abi/netlink.ts";
import { IFA, IFA_F, ifaddrmsg, ifinfomsg, IFLA, RT_SCOPE, RTM } from "syscalls/abi/rtnetlink.ts";
import { AF, IFF } from "syscalls/abi/socket.ts";
import { SyscallError } from "syscalls/abi/syscall_error.ts";
import { encodeCString } from "syscalls/abi/text.ts";
import type { RouteSocket } from "./netlink.ts";

/** A network device of the namespace that a socket is in. */
export interface Link {
  readonly index: number;
  readonly up: boolean;
}

/** An address of a device, with what has to be said to give it to another one. */
export interface LinkAddress {
  readonly family: number;
  readonly prefixLength: number;
  readonly scope: number;
  readonly flags: number;
  readonly attributes: ReadonlyMap<number, Uint8Array>;
}

/** How often a list is read again that changes while it is read. */
const TRIES = 8;

const UP = Number(IFF.of("IFF_UP"));

function linkMessage(
  type: number,
  values: Parameters<typeof ifinfomsg.encode>[0],
  attributes: readonly (readonly [number, Uint8Array])[] = [],
): NetlinkMessage {
  return { type, flags: 0, body: ifinfomsg.encode(values), attributes: new Map(attributes) };
}

function u32Bytes(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}

function demand(socket: RouteSocket, request: NetlinkMessage, verb: string, object: string): void {
  const { errno } = socket.ask(request);
  if (errno !== 0) throw new SyscallError({ verb, object, errno });
}

/** The device of this name, null when there is none. */
export function findLink(socket: RouteSocket, name: string): Link | null {
  const { errno, messages } = socket.ask(
    linkMessage(RTM.RTM_GETLINK, {}, [[IFLA.IFLA_IFNAME, encodeCString(name)]]),
  );
  if (errno === ERRNO.ENODEV) return null;
  const found = messages.find(({ type }) => type === RTM.RTM_NEWLINK);
  if (errno !== 0 || found === undefined) {
    const object = `network device "${name}"`;
    throw new SyscallError({ verb: "find", object, errno: errno === 0 ? ERRNO.ENODEV : errno });
  }
  const { ifi_index: index, ifi_flags } = ifinfomsg.decode(found.payload);
  return { index, up: (ifi_flags & UP) !== 0 };
}

/** Brings a device up, or takes it down. */
export function setLinkUp(socket: RouteSocket, index: number, up: boolean): void {
  const request = linkMessage(RTM.RTM_NEWLINK, {
    ifi_index: index,
    ifi_flags: up ? UP : 0,
    ifi_change: UP,
  });
  demand(socket, request, up ? "bring up" : "take down", `network device ${index}`);
}

/**
 * Moves a device into another network namespace under a name, in one request, so that its old name is in nobody's way there.
 * @throws {SyscallError} EEXIST when the name is taken there, EINVAL for a device that cannot be moved (lo, a bridge's own)
 */
export function moveLink(
  socket: RouteSocket,
  { index, name, namespace }: { index: number; name: string; namespace: Fd },
): void {
  const request = linkMessage(RTM.RTM_NEWLINK, { ifi_index: index }, [
    [IFLA.IFLA_IFNAME, encodeCString(name)],
    [IFLA.IFLA_NET_NS_FD, u32Bytes(namespace)],
  ]);
  demand(socket, request, "move", `network device as "${name}"`);
}

/** The addresses of a device that were given to stay, and mean the same thing everywhere. */
export function permanentGlobalAddresses(socket: RouteSocket, index: number): LinkAddress[] {
  const request = {
    type: RTM.RTM_GETADDR,
    flags: Number(NLM_F_GET.of("NLM_F_DUMP")),
    body: ifaddrmsg.encode({ ifa_family: AF.AF_UNSPEC }),
    attributes: new Map(),
  };
  for (let tries = 1;; tries++) {
    const { errno, messages, interrupted } = socket.ask(request);
    const failed = interrupted && tries === TRIES ? ERRNO.EAGAIN : errno;
    if (failed !== 0) {
      throw new SyscallError({ verb: "list", object: "network addresses", errno: failed });
    }
    if (!interrupted) return messages.flatMap((message) => addressOn(message, index));
  }
}

function addressOn({ type, payload }: ReceivedMessage, index: number): LinkAddress[] {
  if (type !== RTM.RTM_NEWADDR) return [];
  const head = ifaddrmsg.decode(payload);
  const attributes = decodeAttributes(payload, ifaddrmsg.size);
  const wide = attributes.get(IFA.IFA_FLAGS);
  const flags = wide === undefined ? head.ifa_flags : new Uint32Array(wide.slice().buffer)[0] ?? 0;
  const stays = (flags & Number(IFA_F.of("IFA_F_PERMANENT"))) !== 0;
  if (head.ifa_index !== index || !stays || head.ifa_scope !== RT_SCOPE.RT_SCOPE_UNIVERSE) {
    return [];
  }
  return [{
    family: head.ifa_family,
    prefixLength: head.ifa_prefixlen,
    scope: head.ifa_scope,
    flags,
    attributes,
  }];
}

/** What is asked for by whoever gives an address, not found out by the kernel. */
const ADDRESS_FLAGS = Number(IFA_F.of("IFA_F_NODAD", "IFA_F_NOPREFIXROUTE"));
const ADDRESS_ATTRIBUTES: readonly number[] = [IFA.IFA_ADDRESS, IFA.IFA_LOCAL, IFA.IFA_BROADCAST];

/** Gives a device an address that another one had. */
export function addAddress(socket: RouteSocket, index: number, address: LinkAddress): void {
  const { family, prefixLength, scope, flags } = address;
  const attributes = [...address.attributes].filter(([type]) => ADDRESS_ATTRIBUTES.includes(type));
  const request = {
    type: RTM.RTM_NEWADDR,
    flags: Number(NLM_F_NEW.of("NLM_F_CREATE", "NLM_F_EXCL")),
    body: ifaddrmsg.encode({
      ifa_family: family,
      ifa_prefixlen: prefixLength,
      ifa_scope: scope,
      ifa_index: index,
    }),
    attributes: new Map([...attributes, [IFA.IFA_FLAGS, u32Bytes(flags & ADDRESS_FLAGS)]]),
  };
  demand(socket, request, "add", `network address to device ${index}`);
}
