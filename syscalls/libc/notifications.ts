import { type Fd, fd } from "syscalls/abi/brand.ts";
import { ERRNO } from "syscalls/abi/errno.ts";
import { EFD } from "syscalls/abi/eventfd.ts";
import { IN, IN_INIT } from "syscalls/abi/inotify.ts";
import { SyscallError } from "syscalls/abi/syscall_error.ts";
import { Arena } from "./arena.ts";
import { call, retryCall } from "./call.ts";
import { OwnedFd } from "./owned_fd.ts";

/** More than the events that come between two reads; what is left is read by the next one. */
const SPACE = 4096;

/** A counter that others add to, close-on-exec. */
export function eventFd(): OwnedFd {
  const flags = EFD.of("EFD_CLOEXEC", "EFD_NONBLOCK");
  return new OwnedFd(fd(call({ verb: "create", object: "eventfd" }, "eventfd2", 0, flags)));
}

/** A descriptor that is readable when one of the watched files has changed, close-on-exec. */
export function inotify(): OwnedFd {
  const flags = IN_INIT.of("IN_CLOEXEC", "IN_NONBLOCK");
  return new OwnedFd(fd(call({ verb: "create", object: "inotify" }, "inotify_init1", flags)));
}

/** Adds a file whose changes are told: those of the kernel's own files that the kernel tells of, and what anybody writes. */
export function watchChanges(watcher: Fd, path: string): void {
  addWatch(watcher, path, IN.of("IN_MODIFY"));
}

/** Adds a folder that tells when something in it gets a name. */
export function watchNames(watcher: Fd, path: string): void {
  addWatch(watcher, path, IN.of("IN_MOVED_TO"));
}

function addWatch(watcher: Fd, path: string, events: bigint): void {
  using arena = new Arena();
  const attempt = { verb: "watch", object: `"${path}"` };
  call(attempt, "inotify_add_watch", watcher, arena.cString(path), events);
}

/** Takes everything that an eventfd or inotify has to tell, so that it is not readable; false when there was nothing. */
export function drain(file: Fd): boolean {
  using arena = new Arena();
  const address = arena.bytes(arena.reserve(SPACE));
  let count = 0;
  for (;; count++) {
    const result = retryCall("read", file, address, SPACE);
    if (result === -ERRNO.EAGAIN) return count > 0;
    if (result < 0) {
      throw new SyscallError({ verb: "read", object: `descriptor ${file}`, errno: -result });
    }
  }
}
