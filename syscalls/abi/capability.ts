import { flagFamily } from "./flags.ts";
import { i32, struct, u32 } from "./struct.ts";

/** Capabilities in the order of their numbers, so the index is the number (linux/capability.h). */
export const CAPABILITY_NAMES = [
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_DAC_READ_SEARCH",
  "CAP_FOWNER",
  "CAP_FSETID",
  "CAP_KILL",
  "CAP_SETGID",
  "CAP_SETUID",
  "CAP_SETPCAP",
  "CAP_LINUX_IMMUTABLE",
  "CAP_NET_BIND_SERVICE",
  "CAP_NET_BROADCAST",
  "CAP_NET_ADMIN",
  "CAP_NET_RAW",
  "CAP_IPC_LOCK",
  "CAP_IPC_OWNER",
  "CAP_SYS_MODULE",
  "CAP_SYS_RAWIO",
  "CAP_SYS_CHROOT",
  "CAP_SYS_PTRACE",
  "CAP_SYS_PACCT",
  "CAP_SYS_ADMIN",
  "CAP_SYS_BOOT",
  "CAP_SYS_NICE",
  "CAP_SYS_RESOURCE",
  "CAP_SYS_TIME",
  "CAP_SYS_TTY_CONFIG",
  "CAP_MKNOD",
  "CAP_LEASE",
  "CAP_AUDIT_WRITE",
  "CAP_AUDIT_CONTROL",
  "CAP_SETFCAP",
  "CAP_MAC_OVERRIDE",
  "CAP_MAC_ADMIN",
  "CAP_SYSLOG",
  "CAP_WAKE_ALARM",
  "CAP_BLOCK_SUSPEND",
  "CAP_AUDIT_READ",
  "CAP_PERFMON",
  "CAP_BPF",
  "CAP_CHECKPOINT_RESTORE",
] as const;

/** The name of a capability. */
export type CapabilityName = typeof CAPABILITY_NAMES[number];

/** The number of a capability; undefined for a name that this table does not have. */
export function capabilityNumber(name: string): number | undefined {
  const number = (CAPABILITY_NAMES as readonly string[]).indexOf(name);
  return number < 0 ? undefined : number;
}

/** The three sets that capset(2) sets, each with bit n for capability n. */
export interface CapabilitySets {
  readonly effective: bigint;
  readonly permitted: bigint;
  readonly inheritable: bigint;
}

/** The version of the calls with 64 capabilities (linux/capability.h). */
export const _LINUX_CAPABILITY_VERSION_3 = 0x20080522;

/** Whom capset(2) is about; pid 0 is the caller (linux/capability.h). */
export const capUserHeader = struct("__user_cap_header_struct", { version: u32, pid: i32 });

/** 32 capabilities; capset(2) takes two of these, the low half first (linux/capability.h). */
export const capUserData = struct("__user_cap_data_struct", {
  effective: u32,
  permitted: u32,
  inheritable: u32,
});

/** The two data structs that capset(2) takes. */
export function encodeCapabilities(sets: CapabilitySets): Uint8Array<ArrayBuffer> {
  const half = (shift: bigint): Uint8Array =>
    capUserData.encode({
      effective: Number(sets.effective >> shift & 0xffffffffn),
      permitted: Number(sets.permitted >> shift & 0xffffffffn),
      inheritable: Number(sets.inheritable >> shift & 0xffffffffn),
    });
  const data = new Uint8Array(2 * capUserData.size);
  data.set(half(0n), 0);
  data.set(half(32n), capUserData.size);
  return data;
}

/** Secure bits, for PR_SET_SECUREBITS (linux/securebits.h). */
export const SECBIT = flagFamily("SECBIT", {
  SECBIT_NOROOT: 0x1n,
  SECBIT_NOROOT_LOCKED: 0x2n,
  SECBIT_NO_SETUID_FIXUP: 0x4n,
  SECBIT_NO_SETUID_FIXUP_LOCKED: 0x8n,
  SECBIT_KEEP_CAPS: 0x10n,
  SECBIT_KEEP_CAPS_LOCKED: 0x20n,
  SECBIT_NO_CAP_AMBIENT_RAISE: 0x40n,
  SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED: 0x80n,
});
