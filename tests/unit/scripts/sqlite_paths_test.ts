import { assertEquals, assertThrows } from "@std/assert";
import { DT } from "scripts/build/dynamic.ts";
import { ElfError, readAddress, readElf, writeAddress } from "scripts/build/elf.ts";
import { withPathsAsGiven } from "scripts/build/sqlite_paths.ts";
import { TINY, tinyElf } from "tests/support/tiny_elf.ts";

/** Where the text "stat" or "lstat" stands in the file, which is its address too. */
const TEXTS = 0x4a0;
const [STAT, LSTAT] = [0x111, 0x222];

/** An executable with a table of names and functions, one relocation a pointer. */
function engine(names: readonly string[]): Uint8Array<ArrayBuffer> {
  const bytes = tinyElf();
  const view = new DataView(bytes.buffer);
  const rows = names.flatMap((name, i) => [TEXTS + 8 * i, name === "stat" ? STAT : LSTAT]);
  for (const [i, name] of names.entries()) {
    bytes.set(new TextEncoder().encode(`${name}\0`), TEXTS + 8 * i);
  }
  for (const [i, addend] of rows.entries()) {
    const at = TINY.rela + 24 * i;
    // name, function, nothing: three pointers a row.
    writeAddress(view, at, TINY.data + TINY.shift + 24 * (i >> 1) + 8 * (i & 1));
    view.setUint32(at + 8, 8, true);
    view.setUint32(at + 12, 0, true);
    writeAddress(view, at + 16, addend);
  }
  for (let at: number = TINY.dynamic;; at += 16) {
    if (readAddress(view, at) !== DT.RELASZ) continue;
    writeAddress(view, at + 8, 24 * rows.length);
    return bytes;
  }
}

Deno.test("withPathsAsGiven() has lstat call the function of stat, in a copy", () => {
  const source = engine(["stat", "lstat"]);
  const { view } = readElf(withPathsAsGiven(source));
  assertEquals(readAddress(view, TINY.rela + 24 * 3 + 16), STAT);
  assertEquals(readAddress(readElf(source).view, TINY.rela + 24 * 3 + 16), LSTAT);
});

Deno.test("withPathsAsGiven() refuses an engine without such a table", () => {
  assertThrows(() => withPathsAsGiven(engine(["stat"])), ElfError, "with lstat");
  assertThrows(() => withPathsAsGiven(tinyElf()), ElfError, "with stat");
});
