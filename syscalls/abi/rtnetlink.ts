import { flagFamily } from "./flags.ts";
import { i32, struct, u16, u32, u8 } from "./struct.ts";

/** Types of messages of NETLINK_ROUTE (linux/rtnetlink.h). */
export const RTM = {
  RTM_NEWLINK: 16,
  RTM_GETLINK: 18,
  RTM_NEWADDR: 20,
  RTM_GETADDR: 22,
} as const;

/** How far an address reaches (linux/rtnetlink.h). */
export const RT_SCOPE = { RT_SCOPE_UNIVERSE: 0 } as const;

/** Attributes of a network device (linux/if_link.h). */
export const IFLA = { IFLA_IFNAME: 3, IFLA_NET_NS_FD: 28 } as const;

/** Attributes of an address (linux/if_addr.h). */
export const IFA = {
  IFA_ADDRESS: 1,
  IFA_LOCAL: 2,
  IFA_BROADCAST: 4,
  IFA_FLAGS: 8,
} as const;

/** Flags of an address (linux/if_addr.h). */
export const IFA_F = flagFamily("IFA_F", {
  IFA_F_NODAD: 0x2n,
  IFA_F_PERMANENT: 0x80n,
  IFA_F_NOPREFIXROUTE: 0x200n,
});

/** What a message about a network device begins with; `ifi_change` tells which of the flags count (linux/rtnetlink.h). */
export const ifinfomsg = struct("ifinfomsg", {
  ifi_family: u8,
  _pad: u8,
  ifi_type: u16,
  ifi_index: i32,
  ifi_flags: u32,
  ifi_change: u32,
});

/** What a message about an address begins with (linux/if_addr.h). */
export const ifaddrmsg = struct("ifaddrmsg", {
  ifa_family: u8,
  ifa_prefixlen: u8,
  ifa_flags: u8,
  ifa_scope: u8,
  ifa_index: u32,
});
