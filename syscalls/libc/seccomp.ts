import { ERRNO } from "syscalls/abi/errno.ts";
import { SECCOMP } from "syscalls/abi/seccomp.ts";
import { rawCall } from "./call.ts";

/** Whether the kernel takes a filter with these flags. It is given none, and looks at the flags first (seccomp(2)). */
export function takesFilterFlags(flags: bigint): boolean {
  return rawCall("seccomp", SECCOMP.SECCOMP_SET_MODE_FILTER, Number(flags), 0) === -ERRNO.EFAULT;
}
