import { assertEquals, assertThrows } from "@std/assert";
import { type Sink, writeText } from "runtime/cli/write.ts";

/** A sink that does what the list says, one entry a call: takes so many bytes, or throws. */
function sink(steps: (number | Error)[]): Sink & { bytes: number[] } {
  const bytes: number[] = [];
  return {
    bytes,
    writeSync(chunk): number {
      const step = steps.shift() ?? chunk.length;
      if (typeof step !== "number") throw step;
      bytes.push(...chunk.subarray(0, step));
      return Math.min(step, chunk.length);
    },
  };
}

Deno.test("writeText() goes on after a short write and after a full pipe", () => {
  const target = sink([1, new Deno.errors.WouldBlock("full"), 2]);
  assertEquals(writeText(target, "hello"), true);
  assertEquals(String.fromCharCode(...target.bytes), "hello");
});

Deno.test("writeText() stops without a word when the reader is gone or was never there", () => {
  for (const error of [new Deno.errors.BrokenPipe("gone"), new Deno.errors.BadResource("closed")]) {
    const target = sink([2, error]);
    assertEquals(writeText(target, "hello"), false);
    assertEquals(target.bytes.length, 2);
  }
});

Deno.test("writeText() throws what else goes wrong, such as a full disk", () => {
  const full = new Error("No space left on device");
  assertThrows(() => writeText(sink([full]), "hello"), Error, "No space left on device");
});

Deno.test("writeText() writes the very bytes of text that is not UTF-8", () => {
  const target = sink([]);
  writeText(target, "/a\udcff\u00e4");
  assertEquals(target.bytes, [0x2f, 0x61, 0xff, 0xc3, 0xa4]);
});
