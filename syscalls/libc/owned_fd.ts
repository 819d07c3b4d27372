import type { Fd } from "syscalls/abi/brand.ts";
import { ERRNO } from "syscalls/abi/errno.ts";
import { SyscallError } from "syscalls/abi/syscall_error.ts";
import { rawCall } from "./call.ts";

/** A descriptor that somebody answers for: closed at the end of its scope, unless handed over before. */
export class OwnedFd implements Disposable {
  #fd: Fd | null;

  constructor(fd: Fd) {
    this.#fd = fd;
  }

  /** The descriptor's number. */
  get fd(): Fd {
    if (this.#fd === null) throw new Error("Cannot use descriptor: it was closed or handed over");
    return this.#fd;
  }

  /** Hands the descriptor over: the caller closes it now. */
  release(): Fd {
    const fd = this.fd;
    this.#fd = null;
    return fd;
  }

  /** Closes it, if it has not been handed over or closed before. */
  [Symbol.dispose](): void {
    if (this.#fd === null) return;
    const fd = this.#fd;
    this.#fd = null;
    // Linux frees the number whatever close(2) answers, so it is never repeated; EBADF alone means that
    // somebody else closed it, and perhaps a stranger's file is next.
    const result = rawCall("close", fd);
    if (result === -ERRNO.EBADF) {
      throw new SyscallError({ verb: "close", object: `descriptor ${fd}`, errno: ERRNO.EBADF });
    }
  }
}
