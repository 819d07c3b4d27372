import type { Fd } from "syscalls/abi/brand.ts";
import { CLONE } from "syscalls/abi/clone.ts";
import { openFlags } from "syscalls/abi/open.ts";
import { call } from "./call.ts";
import { openFile } from "./files.ts";
import { hostArch } from "./library.ts";

/**
 * Does something in another network namespace, such as opening a socket, which stays in it. This thread alone goes there, and comes
 * back before anything else runs on it.
 *
 * @throws {SyscallError} EPERM; or the way back is barred, and the process must end
 */
export function inNetworkNamespace<Result>(namespace: Fd, action: () => Result): Result {
  using own = openFile("/proc/thread-self/ns/net", openFlags(hostArch()).of("O_RDONLY"));
  const flag = CLONE.of("CLONE_NEWNET");
  call({ verb: "join", object: "network namespace" }, "setns", namespace, flag);
  try {
    return action();
  } finally {
    call({ verb: "return to", object: "the host's network namespace" }, "setns", own.fd, flag);
  }
}
