import { assertEquals } from "@std/assert";
import { encodeBitmap } from "syscalls/abi/bitmap.ts";

Deno.test("encodeBitmap() sets a bit for each number, in as many longs as the largest needs", () => {
  assertEquals(encodeBitmap([]).length, 0);
  assertEquals(encodeBitmap([0, 9, 3]), Uint8Array.of(0b1001, 0b10, 0, 0, 0, 0, 0, 0));
  assertEquals(encodeBitmap([63]).length, 8);
  const wide = encodeBitmap(new Set([64]));
  assertEquals([wide.length, wide[8]], [16, 1]);
  assertEquals(encodeBitmap([65536]).length, 8200);
});
