import { CAPABILITY_NAMES, capabilityNumber } from "syscalls/abi/capability.ts";

/** The bit of a capability in a kernel mask; null for a name that this version does not know. */
export function capabilityBit(name: string): bigint | null {
  const number = capabilityNumber(name);
  return number === undefined ? null : 1n << BigInt(number);
}

/** The names of the capabilities in a mask, in the order of their numbers. */
export function capabilityNames(mask: bigint): readonly string[] {
  return CAPABILITY_NAMES.filter((_, number) => (mask >> BigInt(number) & 1n) === 1n);
}
