import { type Fd, fd, type Pid } from "syscalls/abi/brand.ts";
import { POLL } from "syscalls/abi/poll.ts";
import { SIGNALS } from "syscalls/abi/signal.ts";
import { SyscallError } from "syscalls/abi/syscall_error.ts";
import { bestEffort } from "syscalls/libc/call.ts";
import { receiveDescriptors } from "syscalls/libc/descriptor_messages.ts";
import { memoryFile, setInheritable, writeAll } from "syscalls/libc/files.ts";
import type { OwnedFd } from "syscalls/libc/owned_fd.ts";
import { poll, setSignalMask } from "syscalls/libc/poll.ts";
import {
  openPidfd,
  signalPidfd,
  spawn,
  STDERR,
  waitPid,
  type WaitStatus,
  withStandardError,
} from "syscalls/libc/process.ts";
import { send, socketPair } from "syscalls/libc/sockets.ts";
import { HostError } from "runtime/base/errors.ts";
import {
  type CriuOptions,
  decodeResponse,
  encodeRequest,
  type Feature,
  REQUEST,
  type Request,
  type Response,
} from "./rpc.ts";
import { tooOld } from "./version.ts";

/** How CRIU is started. */
export interface CriuProgram {
  readonly executable: string;
  /** `NAME=value` each: it looks up other programs (iptables-restore) in PATH. */
  readonly environ: readonly string[];
  /** The signal mask that it starts with. */
  readonly signalMask: bigint;
  /** Descriptors that it gets by the numbers that they have here, beside standard input, output and error. */
  readonly inherited: readonly Fd[];
}

/** A moment of a dump or a restore at which CRIU waits for its caller. */
export interface Notification {
  /** `setup-namespaces`, `post-restore`, `orphan-pts-master`, ... (criu(8), "--action-script"). */
  readonly script: string;
  /** The process that it is about; 0 for none. */
  readonly pid: number;
  /** Closed when the listener returns, unless they were handed over. */
  readonly descriptors: readonly OwnedFd[];
}

/** CRIU has said no, or ended. */
export class CriuFailure extends HostError {
  /** What it wrote to its standard error before: whatever was wrong before it had opened its log. */
  readonly said: string;

  constructor(message: string, said = "") {
    super(message);
    this.said = said;
  }
}

/** More than any answer takes; CRIU's own clients have as much room. */
const ANSWER_SIZE = 40_960;

/**
 * One `criu swrk`: a CRIU that does what is asked for over a socket, and ends with it.
 *
 * Disposing of it ends it, if it has not ended by itself.
 */
export class CriuWorker implements Disposable {
  readonly #socket: OwnedFd;
  readonly #process: OwnedFd;
  /** Its standard error, kept from the user's, who is to get one sentence. */
  readonly #words: OwnedFd;
  readonly #space = new Uint8Array(ANSWER_SIZE);
  #ended: WaitStatus | null = null;
  readonly pid: Pid;

  /** @throws {SyscallError} what execve(2) said */
  constructor({ executable, environ, signalMask, inherited }: CriuProgram) {
    const [ours, theirs] = socketPair();
    using stack = new DisposableStack();
    stack.use(ours);
    const words = stack.use(memoryFile("criu"));
    using child = theirs;
    for (const number of [child.fd, ...inherited]) setInheritable(number);
    const argv = ["criu", "swrk", String(child.fd)];
    const before = setSignalMask(signalMask);
    try {
      this.pid = withStandardError(words.fd, () => spawn({ executable, argv, environ }));
    } finally {
      setSignalMask(before);
    }
    this.#process = openPidfd(this.pid);
    stack.move();
    this.#socket = ours;
    this.#words = words;
  }

  /**
   * @returns its version, 31701 for 3.17.1
   * @throws {CriuFailure} for one older than {@link OLDEST_CRIU}
   */
  requireVersion(): number {
    const { version } = this.#ask({ type: "version" }, "cannot tell its version");
    const refusal = tooOld(version);
    if (refusal !== null) throw new CriuFailure(refusal);
    return version;
  }

  /** What it and this kernel can do. */
  features(): readonly Feature[] {
    const refusal = "cannot tell what this kernel can do; hint: criu check says why";
    return this.#ask({ type: "featureCheck" }, refusal).features;
  }

  /**
   * Dumps or restores, and waits for its end.
   *
   * @param listener what it throws stops CRIU, and is thrown when that has undone what it had done
   * @returns the process that was restored
   * @throws {CriuFailure}
   */
  perform(
    type: "dump" | "preDump" | "restore",
    options: CriuOptions,
    listener: (notification: Notification) => void,
  ): number {
    this.#send({ type, options });
    let refusal: { readonly cause: unknown } | null = null;
    for (;;) {
      const { response, descriptors } = this.#receive();
      if (response.type !== REQUEST.notify) {
        if (refusal !== null) throw refusal.cause;
        this.#demand(response, "has failed");
        // A pre-dump leaves it waiting for the next one, until it is killed.
        const status = type === "preDump" ? null : this.#end("by itself");
        if (status === null || status.kind === "exited" && status.code === 0) {
          this.#passOn();
          return response.pid;
        }
        throw this.#failure(endWords(status));
      }
      try {
        const { script, pid } = response;
        listener({ script, pid, descriptors });
      } catch (cause) {
        refusal ??= { cause };
      } finally {
        for (const descriptor of descriptors) descriptor[Symbol.dispose]();
      }
      this.#send({ type: "notify", success: refusal === null });
    }
  }

  #ask(request: Request, refusal: string): Response {
    this.#send(request);
    const { response } = this.#receive();
    this.#demand(response, refusal);
    return response;
  }

  #demand({ success, errno, message }: Response, refusal: string): void {
    if (success) return;
    const why = message === "" ? errno === 0 ? "" : `: errno ${errno}` : `: ${message.trim()}`;
    throw this.#failure(`${refusal}${why}`);
  }

  #send(request: Request): void {
    try {
      send(this.#socket.fd, encodeRequest(request));
    } catch (cause) {
      if (!(cause instanceof SyscallError)) throw cause;
      throw this.#lost();
    }
  }

  #receive(): { response: Response; descriptors: readonly OwnedFd[] } {
    const message = this.#message();
    const { length, descriptors, truncated } = message;
    if (length === 0) throw this.#lost();
    if (truncated) {
      for (const descriptor of descriptors) descriptor[Symbol.dispose]();
      throw this.#failure("has said more than there is room for");
    }
    return { response: decodeResponse(this.#space.subarray(0, length)), descriptors };
  }

  #message(): ReturnType<typeof receiveDescriptors> {
    // Its end alone is not enough: what it has started may hold the other side of the socket.
    const events = Number(POLL.of("POLLIN"));
    const [said] = poll([this.#socket, this.#process].map(({ fd }) => ({ fd, events })), -1);
    if (said === 0) throw this.#lost();
    try {
      return receiveDescriptors(this.#socket.fd, this.#space);
    } catch (cause) {
      if (!(cause instanceof SyscallError)) throw cause;
      throw this.#lost();
    }
  }

  /** Waits for its end, which comes with the end of the connection. */
  #end(how: "by itself" | "kill"): WaitStatus {
    if (this.#ended !== null) return this.#ended;
    this.#socket[Symbol.dispose]();
    if (how === "kill") {
      const { fd } = this.#process;
      bestEffort("it may have ended", () => signalPidfd(fd, SIGNALS.SIGKILL));
    }
    const status = waitPid(this.pid, { block: true });
    this.#process[Symbol.dispose]();
    if (status === null) throw new RangeError("Cannot wait for criu: it has no status");
    return this.#ended = status;
  }

  #lost(): CriuFailure {
    return this.#failure(`${endWords(this.#end("by itself"))} without an answer`);
  }

  #failure(predicate: string): CriuFailure {
    return new CriuFailure(`criu ${predicate}`, this.#said());
  }

  /** Warnings of what went well after all. */
  #passOn(): void {
    const words = new TextEncoder().encode(this.#said());
    bestEffort("it went well, read or not", () => writeAll(fd(STDERR), words));
  }

  #said(): string {
    // By its name, since the place in the open file is shared with CRIU.
    return Deno.readTextFileSync(`/proc/self/fd/${this.#words.fd}`);
  }

  [Symbol.dispose](): void {
    this.#end("kill");
    this.#words[Symbol.dispose]();
  }
}

function endWords(status: WaitStatus): string {
  return status.kind === "exited"
    ? `has ended with status ${status.code}`
    : `was ended by signal ${status.signal}`;
}
