import { POLL } from "syscalls/abi/poll.ts";
import { SyscallError } from "syscalls/abi/syscall_error.ts";
import type { OwnedFd } from "syscalls/libc/owned_fd.ts";
import { poll } from "syscalls/libc/poll.ts";
import { receive, sendAll } from "syscalls/libc/sockets.ts";
import { connectUnix } from "syscalls/libc/unix_client.ts";
import { HostError } from "runtime/base/errors.ts";
import {
  decodeMessage,
  encodeCall,
  type Incoming,
  messageLength,
  type MethodCall,
} from "./wire.ts";

/** How long an answer may take, in milliseconds, as in other D-Bus libraries. */
const PATIENCE = 25_000;

/** What a service answers to a call that fails. */
export class BusError extends Error {
  override readonly name = "BusError";
  /** `org.freedesktop.systemd1.UnitExists` and the like. */
  readonly code: string;
  constructor(code: string, text: string) {
    super(text);
    this.code = code;
  }
}

/** The connection has ended: the bus, or the service behind it, was started anew. */
export class BusClosedError extends Error {
  override readonly name = "BusClosedError";
}

type Signal = Extract<Incoming, { kind: "signal" }>;

/**
 * A connection to a message bus, or to a service directly, on which one call follows another: nothing here takes a turn of
 * the event loop, whose start costs more than the whole conversation.
 */
export class Bus implements Disposable {
  readonly #socket: OwnedFd;
  readonly #address: string;
  #unread = new Uint8Array(0);
  #serial = 0;
  readonly #signals: Signal[] = [];

  /** @param socket connected, before a word was said */
  constructor(socket: OwnedFd, address: string) {
    this.#socket = socket;
    this.#address = address;
    this.#authenticate();
  }

  /**
   * Calls a method and waits for its answer.
   * @throws {BusError} with the answer of a call that failed
   * @throws {BusClosedError}
   */
  call(call: MethodCall): readonly unknown[] {
    const serial = ++this.#serial;
    this.#lost(() => sendAll(this.#socket.fd, encodeCall(serial, call)));
    const end = performance.now() + PATIENCE;
    for (;;) {
      const message = this.#next(end);
      if (message === null) {
        throw new HostError(`Cannot call ${call.member} at ${this.#address}: no answer for 25 s`);
      }
      if (message.kind === "signal") this.#signals.push(message);
      if (message.kind === "reply" && message.to === serial) return message.args;
      if (message.kind === "error" && message.to === serial) {
        throw new BusError(message.name, message.text);
      }
    }
  }

  /** Waits for a signal, which may have come already; null when it does not come in `milliseconds`. */
  signal(fits: (signal: Signal) => boolean, milliseconds: number): Signal | null {
    const known = this.#signals.findIndex(fits);
    if (known >= 0) return this.#signals.splice(known, 1)[0] ?? null;
    const end = performance.now() + milliseconds;
    for (;;) {
      const message = this.#next(end);
      if (message === null || message.kind === "signal" && fits(message)) return message;
    }
  }

  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
  }

  /**
   * Lets the kernel tell who this is (mechanism EXTERNAL with an empty identity), as systemd's own tools do: the number that a
   * process has inside a user namespace is not the one that the bus knows it by.
   */
  #authenticate(): void {
    const words = new TextEncoder().encode("\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n");
    this.#lost(() => sendAll(this.#socket.fd, words));
    const end = performance.now() + PATIENCE;
    for (;;) {
      const line = this.#line(end);
      if (line.startsWith("OK ")) return;
      if (line === "DATA" || line.startsWith("DATA ")) continue;
      throw new HostError(
        `Cannot authenticate at ${this.#address}: it answers ${JSON.stringify(line)}`,
      );
    }
  }

  #line(end: number): string {
    for (;;) {
      const at = this.#unread.indexOf(0x0a);
      if (at >= 0) {
        const line = new TextDecoder().decode(this.#unread.subarray(0, at));
        this.#unread = this.#unread.slice(at + 1);
        return line.trimEnd();
      }
      if (!this.#read(end)) {
        throw new HostError(`Cannot authenticate at ${this.#address}: no answer for 25 s`);
      }
    }
  }

  /** The next message; null when none has come by `end`. */
  #next(end: number): Incoming | null {
    for (;;) {
      const length = messageLength(this.#unread);
      if (length !== null && length <= this.#unread.length) {
        const message = this.#unread.slice(0, length);
        this.#unread = this.#unread.slice(length);
        return decodeMessage(message);
      }
      if (!this.#read(end)) return null;
    }
  }

  /** Reads what there is, and waits for it; false when it is `end` before something is there. */
  #read(end: number): boolean {
    const rest = Math.max(0, Math.ceil(end - performance.now()));
    const entry = { fd: this.#socket.fd, events: Number(POLL.of("POLLIN")) };
    if (poll([entry], rest)[0] === 0) return false;
    const space = new Uint8Array(16_384);
    const count = this.#lost(() => receive(this.#socket.fd, space));
    if (count === 0) throw new BusClosedError(`Cannot read from ${this.#address}: it has hung up`);
    const joined = new Uint8Array(this.#unread.length + count);
    joined.set(this.#unread);
    joined.set(space.subarray(0, count), this.#unread.length);
    this.#unread = joined;
    return true;
  }

  #lost<Result>(io: () => Result): Result {
    try {
      return io();
    } catch (cause) {
      if (!(cause instanceof SyscallError)) throw cause;
      throw new BusClosedError(cause.message, { cause });
    }
  }
}

/**
 * Connects to the first of some sockets where somebody listens.
 * @throws {SyscallError} of the last one
 */
export function connectFirst(paths: readonly string[]): { socket: OwnedFd; path: string } | null {
  let failure: unknown = null;
  for (const path of paths) {
    try {
      return { socket: connectUnix(path), path };
    } catch (cause) {
      failure = cause;
    }
  }
  if (failure !== null) throw failure;
  return null;
}
