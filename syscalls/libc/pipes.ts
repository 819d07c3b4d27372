import { fd, mode } from "syscalls/abi/brand.ts";
import { openFlags } from "syscalls/abi/open.ts";
import { Arena } from "./arena.ts";
import { call } from "./call.ts";
import { hostArch } from "./library.ts";
import { OwnedFd } from "./owned_fd.ts";

/** A new pipe, both ends close-on-exec. */
export interface Pipe {
  readonly reader: OwnedFd;
  readonly writer: OwnedFd;
}

/**
 * Makes a pipe whose ends anybody may open anew who sees them, as /dev/stdout in a process that is not this one's user.
 * @throws {SyscallError} EMFILE, ENFILE
 */
export function makePipe(): Pipe {
  using arena = new Arena();
  const space = arena.reserve(8);
  const flags = openFlags(hostArch()).of("O_CLOEXEC");
  call({ verb: "create", object: "pipe" }, "pipe2", arena.bytes(space), flags);
  const ends = new Int32Array(space.buffer, space.byteOffset, 2);
  const pipe = { reader: new OwnedFd(fd(ends[0] ?? -1)), writer: new OwnedFd(fd(ends[1] ?? -1)) };
  // Both ends are of one inode.
  const attempt = { verb: "set permissions of", object: "pipe" };
  call(attempt, "fchmod", pipe.reader.fd, mode(0o666));
  return pipe;
}
