import { assert, assertEquals, assertThrows } from "@std/assert";
import { DT, dynamicEntry, globalSlot, readDynamic } from "scripts/build/dynamic.ts";
import { ElfError, ET_EXEC, loadSegments, readAddress, readElf } from "scripts/build/elf.ts";
import { prelink, randomBase } from "scripts/build/prelink.ts";
import { TINY, tinyElf } from "tests/support/tiny_elf.ts";

const BASE = 0x12_3456_0000;

Deno.test("prelink() stores what relative relocations would and takes them off the list", () => {
  const { view } = readElf(prelink(tinyElf(), BASE));
  assertEquals(readAddress(view, TINY.data), BASE + 0x111);
  assertEquals(readAddress(view, TINY.data + 8), BASE + 0x222);
  const dynamic = readDynamic(readElf(prelink(tinyElf(), BASE)));
  assertEquals(dynamicEntry(dynamic, DT.RELA).value, BASE + TINY.rela + 48);
  assertEquals(dynamicEntry(dynamic, DT.RELASZ).value, 24);
  assertEquals(dynamicEntry(dynamic, DT.RELACOUNT).value, 0);
});

Deno.test("prelink() moves headers, entry, symbols and the other relocations", () => {
  const elf = readElf(prelink(tinyElf(), BASE));
  assertEquals([elf.type, elf.entry], [ET_EXEC, BASE + 0x123]);
  assertEquals(loadSegments(elf).map(({ vaddr }) => vaddr), [BASE, BASE + 0x2000]);
  assertEquals(elf.segments.at(-1)?.vaddr, 0, "PT_GNU_STACK is no place");
  assertEquals(globalSlot(elf, "environ"), BASE + TINY.data + TINY.shift + 16);
  assertEquals(readAddress(elf.view, TINY.plt), BASE + TINY.data + TINY.shift + 24);
  assertEquals(readAddress(elf.view, TINY.symbols + 24 + 8), 0, "environ is not in this file");
  assertEquals(readAddress(elf.view, TINY.symbols + 48 + 8), BASE + 0x321);
  assertEquals(dynamicEntry(readDynamic(elf), DT.FLAGS_1).value, 1, "no longer a PIE");
});

Deno.test("prelink() leaves its input as it is", () => {
  const input = tinyElf();
  prelink(input, BASE);
  assertEquals(input, tinyElf());
});

Deno.test("prelink() refuses what it does not know", () => {
  const refused = (change: (view: DataView) => void, reason: string): void => {
    const bytes = tinyElf();
    change(new DataView(bytes.buffer));
    assertThrows(() => prelink(bytes, BASE), ElfError, reason);
  };
  refused((view) => view.setUint16(16, ET_EXEC, true), "not position-independent");
  refused((view) => view.setUint32(TINY.rela + 48 + 8, 99, true), "the unknown type 99");
  refused((view) => view.setUint32(TINY.rela + 24 + 8, 6, true), "do not come first");
  refused((view) => view.setUint8(TINY.dynamic + 8 * 16 + 8, 0), "binds functions lazily");
  // DT_RELR
  assertThrows(() => prelink(tinyElf([[36, 0x100]]), BASE), ElfError, "the unknown tag 0x24");
  assertThrows(() => prelink(tinyElf(), BASE + 8), ElfError, "is not aligned");
});

Deno.test("randomBase() is aligned for every page size and fits 39 bits of address space", () => {
  const bases = Array.from({ length: 100 }, randomBase);
  for (const base of bases) {
    assert(base % 65536 === 0, `${base} is a multiple of 64 KiB`);
    assert(base >= 2 ** 34 && base < 2 ** 37 + 2 ** 34, `${base} is in range`);
  }
  assert(new Set(bases).size > 90, "bases differ");
});
