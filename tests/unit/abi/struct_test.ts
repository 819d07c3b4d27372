import { assertEquals, assertThrows } from "@std/assert";
import { bytes, i32, i64, struct, u16, u32, u64, u8 } from "syscalls/abi/struct.ts";

const MIXED = struct("mixed", {
  a: u8,
  b: u16,
  c: u8,
  d: u32,
  e: u8,
  f: u64,
  g: bytes(3),
  h: i32,
  i: i64,
});

Deno.test("fields lie on their natural boundaries and the size is a multiple of the widest", () => {
  assertEquals(MIXED.offsets, { a: 0, b: 2, c: 4, d: 8, e: 12, f: 16, g: 24, h: 28, i: 32 });
  assertEquals([MIXED.size, MIXED.align], [40, 8]);
  assertEquals(struct("tail", { a: u32, b: u8 }).size, 8);
});

Deno.test("encode() writes little-endian values, and zeros for fields and padding not given", () => {
  const pair = struct("pair", { low: u8, high: u32 });
  assertEquals(pair.encode({ high: 0x01020304 }), Uint8Array.of(0, 0, 0, 0, 4, 3, 2, 1));
});

Deno.test("decode() gives back what encode() was given, at the limits of each type", () => {
  const values = {
    a: 255,
    b: 65535,
    c: 0,
    d: 0xffffffff,
    e: 1,
    f: 2n ** 64n - 1n,
    g: Uint8Array.of(1, 2, 0),
    h: -(2 ** 31),
    i: -(2n ** 63n),
  };
  assertEquals(MIXED.decode(MIXED.encode(values)), values);
});

Deno.test("a value that does not fit its field is refused instead of cut", () => {
  assertThrows(() => MIXED.encode({ a: 256 }), RangeError, "no integer from 0 to 255");
  assertThrows(() => MIXED.encode({ d: -1 }), RangeError, "no integer from 0 to 4294967295");
  assertThrows(() => MIXED.encode({ f: -1n }), RangeError, "as u64");
  assertThrows(() => MIXED.encode({ i: 2n ** 63n }), RangeError, "as i64");
  assertThrows(() => MIXED.encode({ g: new Uint8Array(4) }), RangeError, "room for 3");
  assertThrows(() => MIXED.decode(new Uint8Array(39)), RangeError, "Cannot decode mixed");
});
