/** What the kernel knows and allows, found out by calls that do nothing. */
import { AT_FDCWD } from "syscalls/abi/brand.ts";
import { ERRNO } from "syscalls/abi/errno.ts";
import type { SyscallName } from "syscalls/abi/numbers/names.ts";
import { SECCOMP, SECCOMP_FILTER_FLAG } from "syscalls/abi/seccomp.ts";
import { Arena, briefCString } from "./arena.ts";
import { rawCall } from "./call.ts";

/** For access(2): may it be written to (unistd.h). */
const W_OK = 2;

/** Whether the caller may write to what is at a path. */
export function mayWrite(path: string): boolean {
  return rawCall("faccessat", AT_FDCWD, briefCString(path), W_OK) === 0;
}

/** Whether an executable gives capabilities to whoever runs it (capabilities(7), "File capabilities"). */
export function hasCapabilities(path: string): boolean {
  using arena = new Arena();
  const [file, name] = [arena.cString(path), arena.cString("security.capability")];
  return rawCall("getxattr", file, name, 0, 0) > 0;
}

/** No descriptor, no flag and no size that any of the calls takes. */
const WRONG = -1;

/**
 * Whether the kernel has a call. It must be one that does nothing when its first argument is no descriptor, its pointers are
 * null and its flags and sizes are out of range: open_tree(2), fsopen(2), pidfd_open(2) and their like.
 */
export function knowsCall(name: SyscallName): boolean {
  const result = rawCall(name, WRONG, 0, WRONG, 0, WRONG, 0);
  // Landlock says this when it is built in and was not started.
  return result !== -ERRNO.ENOSYS && result !== -ERRNO.EOPNOTSUPP;
}

/** The flags of SECCOMP_SET_MODE_FILTER that the kernel knows: EFAULT is for the filter, which is not there; EINVAL for the flag. */
export function knownSeccompFlags(): string[] {
  const {
    SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV: wait,
    SECCOMP_FILTER_FLAG_NEW_LISTENER: listener,
  } = SECCOMP_FILTER_FLAG.values;
  return Object.entries(SECCOMP_FILTER_FLAG.values).filter(([, flag]) => {
    // One flag that the kernel takes only together with another.
    const flags = flag === wait ? flag | listener : flag;
    return rawCall("seccomp", SECCOMP.SECCOMP_SET_MODE_FILTER, flags, 0) === -ERRNO.EFAULT;
  }).map(([name]) => name);
}
