import { OCIRT } from "./ocirt.ts";
import type { Container, Stage } from "./stage.ts";

/** A line that is waited for in vain ends the test after so many milliseconds. */
const PATIENCE = 30_000;

/** A running `events`, whose lines are read as they come. */
export class Follower implements AsyncDisposable {
  readonly child: Deno.ChildProcess;
  readonly #reader: ReadableStreamDefaultReader<string>;
  #text = "";

  constructor(stage: Stage, { id }: Container, ...flags: readonly string[]) {
    this.child = new Deno.Command(OCIRT, {
      args: ["--root", stage.root, "events", ...flags, id],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#reader = this.child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** The next line; null at the end. */
  async line(): Promise<string | null> {
    const timer = setTimeout(() => this.child.kill("SIGKILL"), PATIENCE);
    try {
      for (;;) {
        const end = this.#text.indexOf("\n");
        if (end >= 0) {
          const line = this.#text.slice(0, end);
          this.#text = this.#text.slice(end + 1);
          return line;
        }
        const { value, done } = await this.#reader.read();
        if (done) return null;
        this.#text += value;
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** The next line that is one of `type`. */
  async next(type: string): Promise<string | null> {
    for (;;) {
      const line = await this.line();
      if (line === null || line.startsWith(`{"type":"${type}"`)) return line;
    }
  }

  /** Closes what the command writes to. */
  async stopReading(): Promise<void> {
    await this.#reader.cancel();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.#reader.cancel();
    await this.child.status;
  }
}
