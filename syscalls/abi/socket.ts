import { flagFamily } from "./flags.ts";
import { bytes, i32, struct, u16, u32, u64 } from "./struct.ts";

/** Address families (linux/socket.h). */
export const AF = { AF_UNSPEC: 0, AF_UNIX: 1, AF_INET: 2, AF_INET6: 10, AF_NETLINK: 16 } as const;

/** Type and flags of socket(2); the types are numbers, so the larger come first (linux/net.h). */
export const SOCK = flagFamily("SOCK", {
  SOCK_SEQPACKET: 0x5n,
  SOCK_RAW: 0x3n,
  SOCK_DGRAM: 0x2n,
  SOCK_STREAM: 0x1n,
  SOCK_NONBLOCK: 0x800n,
  SOCK_CLOEXEC: 0x80000n,
});

/** Flags of sendmsg(2) and recvmsg(2) (linux/socket.h). */
export const MSG = flagFamily("MSG", {
  MSG_OOB: 0x1n,
  MSG_PEEK: 0x2n,
  MSG_DONTROUTE: 0x4n,
  MSG_CTRUNC: 0x8n,
  MSG_TRUNC: 0x20n,
  MSG_DONTWAIT: 0x40n,
  MSG_EOR: 0x80n,
  MSG_WAITALL: 0x100n,
  MSG_NOSIGNAL: 0x4000n,
  MSG_MORE: 0x8000n,
  MSG_CMSG_CLOEXEC: 0x40000000n,
});

/** Levels of options and control messages (asm-generic/socket.h). */
export const SOL = { SOL_SOCKET: 1 } as const;

/** Control messages of SOL_SOCKET (linux/socket.h). */
export const SCM = { SCM_RIGHTS: 1, SCM_CREDENTIALS: 2 } as const;

/** Options of SOL_SOCKET (asm-generic/socket.h). */
export const SO = {
  SO_REUSEADDR: 2,
  SO_TYPE: 3,
  SO_ERROR: 4,
  SO_SNDBUF: 7,
  SO_RCVBUF: 8,
  SO_PASSCRED: 16,
  SO_PEERCRED: 17,
  SO_RCVTIMEO: 20,
  SO_SNDTIMEO: 21,
  SO_PEERSEC: 31,
} as const;

/** What shutdown(2) ends (linux/net.h). */
export const SHUT = { SHUT_RD: 0, SHUT_WR: 1, SHUT_RDWR: 2 } as const;

/** A piece of memory (linux/uio.h). */
export const iovec = struct("iovec", { iov_base: u64, iov_len: u64 });

/** What sendmsg(2) and recvmsg(2) are told (linux/socket.h). */
export const msghdr = struct("msghdr", {
  msg_name: u64,
  msg_namelen: u32,
  _pad: u32,
  msg_iov: u64,
  msg_iovlen: u64,
  msg_control: u64,
  msg_controllen: u64,
  msg_flags: i32,
});

/** The head of a control message; its data follows at once (linux/socket.h). */
export const cmsghdr = struct("cmsghdr", { cmsg_len: u64, cmsg_level: i32, cmsg_type: i32 });

/** CMSG_LEN: `cmsg_len` of a control message with `size` bytes of data. */
export function cmsgLength(size: number): number {
  return cmsghdr.size + size;
}

/** CMSG_SPACE: how many bytes that message takes among others. */
export function cmsgSpace(size: number): number {
  return cmsghdr.size + Math.ceil(size / 8) * 8;
}

/** Who is at the other end, as SO_PEERCRED says (linux/socket.h). */
export const ucred = struct("ucred", { pid: i32, uid: u32, gid: u32 });

/** Room for a path in `sockaddr_un`, with the NUL (linux/un.h). */
export const UNIX_PATH_MAX = 108;

/**
 * The address of a unix socket, as long as it needs to be. A path of `\0name` is in the abstract namespace.
 * @throws {RangeError} when the path does not fit {@link UNIX_PATH_MAX}; a longer one is reached by a descriptor of its folder
 */
export function encodeUnixAddress(path: Uint8Array): Uint8Array<ArrayBuffer> {
  const abstract = path[0] === 0;
  const size = path.length + (abstract ? 0 : 1);
  if (size > UNIX_PATH_MAX) {
    throw new RangeError(`Cannot encode socket path: ${path.length} bytes do not fit sun_path`);
  }
  const address = new Uint8Array(2 + size);
  address[0] = AF.AF_UNIX;
  address.set(path, 2);
  return address;
}

/** Requests to network interfaces, for ioctl(2) (linux/sockios.h). */
export const SIOC = {
  SIOCGIFNAME: 0x8910,
  SIOCGIFFLAGS: 0x8913,
  SIOCSIFFLAGS: 0x8914,
  SIOCSIFNAME: 0x8923,
  SIOCGIFINDEX: 0x8933,
} as const;

/** Flags of an interface (linux/if.h). */
export const IFF = flagFamily("IFF", {
  IFF_UP: 0x1n,
  IFF_BROADCAST: 0x2n,
  IFF_DEBUG: 0x4n,
  IFF_LOOPBACK: 0x8n,
  IFF_POINTOPOINT: 0x10n,
  IFF_NOTRAILERS: 0x20n,
  IFF_RUNNING: 0x40n,
  IFF_NOARP: 0x80n,
  IFF_PROMISC: 0x100n,
  IFF_ALLMULTI: 0x200n,
  IFF_MASTER: 0x400n,
  IFF_SLAVE: 0x800n,
  IFF_MULTICAST: 0x1000n,
  IFF_PORTSEL: 0x2000n,
  IFF_AUTOMEDIA: 0x4000n,
  IFF_DYNAMIC: 0x8000n,
});

/** What SIOCGIFFLAGS and SIOCSIFFLAGS take (linux/if.h). */
export const ifreqFlags = struct("ifreq", {
  ifr_name: bytes(16),
  ifr_flags: u16,
  _rest: bytes(22),
});
