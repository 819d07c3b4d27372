import { type Fd, fd } from "syscalls/abi/brand.ts";
import { openFlags } from "syscalls/abi/open.ts";
import { POLL } from "syscalls/abi/poll.ts";
import { TIOC } from "syscalls/abi/terminal.ts";
import { Arena } from "syscalls/libc/arena.ts";
import { call } from "syscalls/libc/call.ts";
import { openFile, readInto, setNonblocking, writeAll } from "syscalls/libc/files.ts";
import { hostArch } from "syscalls/libc/library.ts";
import type { OwnedFd } from "syscalls/libc/owned_fd.ts";
import { poll } from "syscalls/libc/poll.ts";
import {
  setTerminalSize,
  terminalSettings,
  type TerminalSize,
  terminalSize,
} from "syscalls/libc/terminal.ts";

/** How long a program may take to show what is waited for. */
const PATIENCE_MS = 30_000;

const READABLE = Number(POLL.of("POLLIN"));

export interface PtyProgram {
  /** Shell redirections of the program, which otherwise has the terminal for its three streams. */
  readonly redirect?: string;
  readonly cwd?: string;
}

/** A pseudo terminal, and the program that a test runs in it as a person at a keyboard would. */
export class Pty implements Disposable {
  /** Name of the end that programs have. */
  readonly path: string;
  /** All that was shown so far. */
  shown = "";
  readonly #master: OwnedFd;
  /** Held open: without it the terminal would be hung up before the program is there. */
  readonly #held: OwnedFd;
  readonly #decoder = new TextDecoder();
  #searched = 0;
  #child: Deno.ChildProcess | null = null;
  #status: number | null = null;

  constructor(size: TerminalSize = { rows: 24, columns: 80 }) {
    const flags = openFlags(hostArch()).of("O_RDWR", "O_NOCTTY");
    this.#master = openFile("/dev/ptmx", flags);
    this.path = `/dev/pts/${unlocked(this.#master.fd)}`;
    this.#held = openFile(this.path, flags);
    setNonblocking(this.#master.fd);
    setTerminalSize(this.#master.fd, size);
  }

  /** Starts a program in a session of its own whose controlling terminal this is. */
  start(argv: readonly string[], { redirect = "", cwd }: PtyProgram = {}): this {
    const script = `t=$1; shift; exec setsid -c sh -c 'exec "$@" ${redirect}' sh "$@" ` +
      `<"$t" >"$t" 2>&1`;
    this.#child = new Deno.Command("/bin/sh", {
      args: ["-c", script, "sh", this.path, ...argv],
      stdin: "null",
      stdout: "null",
      stderr: "null",
      ...cwd === undefined ? {} : { cwd },
    }).spawn();
    this.#child.status.then(({ code }) => this.#status = code);
    return this;
  }

  /** The pid of the program. */
  get pid(): number {
    if (this.#child === null) throw new Error("Nothing was started in the terminal");
    return this.#child.pid;
  }

  type(text: string): void {
    writeAll(this.#master.fd, new TextEncoder().encode(text));
  }

  /** Waits until the program shows something, in what no earlier call has found. */
  async waitFor(pattern: RegExp): Promise<RegExpExecArray> {
    const end = performance.now() + PATIENCE_MS;
    for (;;) {
      const found = pattern.exec(this.shown.slice(this.#searched));
      if (found !== null) {
        this.#searched += found.index + found[0].length;
        return found;
      }
      if (performance.now() > end || !await this.#more()) {
        throw new Error(`Not shown: ${pattern}; but ${JSON.stringify(this.shown)}`);
      }
    }
  }

  resize(size: TerminalSize): void {
    setTerminalSize(this.#master.fd, size);
  }

  size(): TerminalSize {
    return terminalSize(this.#master.fd);
  }

  /** The settings as bytes, to be compared. */
  settings(): Uint8Array {
    const settings = terminalSettings(this.#master.fd);
    if (settings === null) throw new Error("The terminal has no settings");
    return settings.bytes;
  }

  /** Waits for the end of the program and of what it shows; gives its exit status, as a shell would. */
  async end(): Promise<number> {
    const end = performance.now() + PATIENCE_MS;
    while (await this.#more()) {
      if (performance.now() > end) {
        throw new Error(`Still running, and shows ${JSON.stringify(this.shown.slice(-2000))}`);
      }
    }
    return this.#status ?? -1;
  }

  [Symbol.dispose](): void {
    if (this.#status === null) this.#child?.kill("SIGKILL");
    this.#held[Symbol.dispose]();
    this.#master[Symbol.dispose]();
  }

  /** Takes what is there, or waits a moment; false when the program has ended and all was taken. */
  async #more(): Promise<boolean> {
    const ended = this.#status !== null;
    let took = false;
    while (poll([{ fd: this.#master.fd, events: READABLE }], took || ended ? 0 : 5)[0] !== 0) {
      const space = new Uint8Array(65_536);
      const count = readInto(this.#master.fd, space);
      this.shown += this.#decoder.decode(space.subarray(0, count), { stream: true });
      took = true;
    }
    await new Promise((resolve) => setTimeout(resolve, 0));
    return took || !ended;
  }
}

/** Unlocks the other end and gives its number. */
function unlocked(master: Fd): number {
  using arena = new Arena();
  const space = arena.reserve(8);
  const attempt = { verb: "set up", object: "pseudo terminal" };
  call(attempt, "ioctl", fd(master), TIOC.TIOCSPTLCK, arena.bytes(space));
  call(attempt, "ioctl", fd(master), TIOC.TIOCGPTN, arena.bytes(space));
  return new Int32Array(space.buffer, space.byteOffset, 1)[0] ?? -1;
}
