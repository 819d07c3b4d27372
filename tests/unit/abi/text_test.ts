import { assertEquals, assertThrows } from "@std/assert";
import { decodeText, encodeCString, encodeText } from "syscalls/abi/text.ts";

Deno.test("encodeText() writes what TextEncoder writes for every kind of sequence", () => {
  for (const text of ["", "plain", "\u00e9", "\u20ac", "\u{1f600}", "a\u00e9b\u20acc\u{10ffff}d"]) {
    assertEquals(encodeText(text), new TextEncoder().encode(text), text);
    assertEquals(decodeText(encodeText(text)), text);
  }
});

Deno.test("decodeText() escapes each byte that is no UTF-8, and encodeText() gives it back", () => {
  const bytes = Uint8Array.of(
    0x61,
    0xff,
    0xc3,
    0x28,
    0xed,
    0xb2,
    0x80,
    0xf4,
    0x90,
    0x80,
    0x80,
    0xe2,
    0x82,
  );
  const text = decodeText(bytes);
  assertEquals(
    text,
    "a\udcff\udcc3(\udced\udcb2\udc80\udcf4\udc90\udc80\udc80\udce2\udc82",
  );
  assertEquals(encodeText(text), bytes);
});

Deno.test("every sequence of two bytes, and of three after a lead, survives the round trip", () => {
  for (let first = 0; first < 256; first++) {
    for (let second = 0; second < 256; second++) {
      for (const lead of [[], [0xe0], [0xed], [0xf0, 0x90], [0xf4]]) {
        const bytes = Uint8Array.from([...lead, first, second]);
        const text = decodeText(bytes);
        const again = encodeText(text);
        if (again.length !== bytes.length || again.some((b, i) => b !== bytes[i])) {
          assertEquals(again, bytes);
        }
      }
    }
  }
});

Deno.test("decodeText() reads texts longer than a call's arguments may be", () => {
  const text = "x".repeat(300_000) + "\u00e9";
  assertEquals(decodeText(encodeText(text)).length, text.length);
});

Deno.test("a lone surrogate that stands for no byte becomes U+FFFD", () => {
  assertEquals(encodeText("a\ud800b\udc00"), new TextEncoder().encode("a\ufffdb\ufffd"));
});

Deno.test("encodeCString() ends in NUL and refuses a NUL inside", () => {
  assertEquals(encodeCString("ab"), Uint8Array.of(0x61, 0x62, 0));
  assertEquals(encodeCString("\u00e9"), Uint8Array.of(0xc3, 0xa9, 0));
  assertThrows(() => encodeCString("a\0b"), RangeError, "NUL at index 1");
});
