import { assertEquals, assertThrows } from "@std/assert";
import { addSegment, placeBehind } from "scripts/build/add_segment.ts";
import { globalSlot } from "scripts/build/dynamic.ts";
import { ElfError, PF_R, PF_X, PT_LOAD, PT_NOTE, readElf } from "scripts/build/elf.ts";
import { TINY, tinyElf } from "tests/support/tiny_elf.ts";

Deno.test("placeBehind() is behind the file and behind memory that is not in the file", () => {
  assertEquals(placeBehind(readElf(tinyElf())), { offset: 0x2000, vaddr: 0x4000 });
});

Deno.test("addSegment() gives the note's header to a segment that follows the last in memory", () => {
  const content = new Uint8Array([1, 2, 3]);
  const elf = readElf(tinyElf());
  const changed = readElf(addSegment(elf, placeBehind(elf), content, 0x4001));
  assertEquals(changed.entry, 0x4001);
  assertEquals(changed.segments.length, elf.segments.length);
  assertEquals(changed.segments.some(({ type }) => type === PT_NOTE), false);
  const loads = changed.segments.filter(({ type }) => type === PT_LOAD);
  assertEquals(loads.map(({ vaddr }) => vaddr), [0, 0x2000, 0x4000]);
  assertEquals([loads[2]?.offset, loads[2]?.fileSize, loads[2]?.flags], [0x2000, 3, PF_R | PF_X]);
  assertEquals(changed.bytes.subarray(0x2000), content);
});

Deno.test("addSegment() refuses a file without a note", () => {
  const elf = readElf(tinyElf());
  const without = { ...elf, segments: elf.segments.filter(({ type }) => type !== PT_NOTE) };
  const add = (): unknown => addSegment(without, placeBehind(elf), new Uint8Array(1), 0);
  assertThrows(add, ElfError, "no PT_NOTE");
});

Deno.test("globalSlot() finds the slot of a variable by its whole name", () => {
  const elf = readElf(tinyElf());
  assertEquals(globalSlot(elf, "environ"), TINY.data + TINY.shift + 16);
  assertThrows(() => globalSlot(elf, "env"), ElfError, "no global offset table slot for env");
});

Deno.test("readElf() refuses scripts and other machines", () => {
  const script = new TextEncoder().encode("#!/bin/sh\n".padEnd(64));
  assertThrows(() => readElf(script), ElfError, "no 64-bit little-endian ELF file");
  const riscv = tinyElf();
  riscv[18] = 243;
  assertThrows(() => readElf(riscv), ElfError, "machine 243");
});
