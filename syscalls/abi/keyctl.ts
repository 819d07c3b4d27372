import { flagFamily } from "./flags.ts";

/** Operations of keyctl(2) (linux/keyctl.h). */
export const KEYCTL = {
  KEYCTL_JOIN_SESSION_KEYRING: 1,
  KEYCTL_SETPERM: 5,
} as const;

/** The session keyring of whoever calls, in the place of a serial number (linux/keyctl.h). */
export const KEY_SPEC_SESSION_KEYRING = -3;

/** Who may do what with a key: its possessor, its owner's user and group, and others (linux/key.h, which no program can include). */
export const KEY = flagFamily("KEY", {
  KEY_OTH_SEARCH: 0x0000_0008n,
  KEY_USR_VIEW: 0x0001_0000n,
  KEY_USR_READ: 0x0002_0000n,
  KEY_USR_SEARCH: 0x0008_0000n,
  KEY_USR_LINK: 0x0010_0000n,
  KEY_POS_ALL: 0x3f00_0000n,
});
