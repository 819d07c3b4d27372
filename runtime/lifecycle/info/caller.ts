import { CAPABILITY_NAMES } from "syscalls/abi/capability.ts";
import type { Machine } from "./machine.ts";

/** Whether the caller may do to the host what root may: CAP_SYS_ADMIN, outside of any user namespace. */
export function isSuperuser({ caller }: Machine): boolean {
  const bit = 1n << BigInt(CAPABILITY_NAMES.indexOf("CAP_SYS_ADMIN"));
  return !caller.inUserNamespace && (caller.capabilities & bit) !== 0n;
}
