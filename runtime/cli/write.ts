import { encodeText } from "syscalls/abi/text.ts";

/** Something to write to, as Deno's files and standard streams are. */
export interface Sink {
  writeSync(bytes: Uint8Array): number;
}

/**
 * Writes all of `text`, in the bytes it came from where a path in it is not UTF-8.
 * A reader that went away (EPIPE, EBADF) is no failure, since nobody is left to be told: false. Everything else is thrown.
 */
export function writeText(sink: Sink, text: string): boolean {
  let rest: Uint8Array = encodeText(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(sink.writeSync(rest));
    } catch (error) {
      if (isGone(error)) return false;
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
      pause();
    }
  }
  return true;
}

function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.BadResource ||
    (error instanceof Error && "code" in error && error.code === "EBADF");
}

/** A caller's non-blocking pipe is full: one millisecond without turning the event loop. */
function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
}
