import { DT } from "scripts/build/dynamic.ts";
import {
  PF_R,
  PF_W,
  PHDR_SIZE,
  PT_DYNAMIC,
  PT_GNU_STACK,
  PT_LOAD,
  PT_NOTE,
  type Segment,
  writeAddress,
  writeSegment,
} from "scripts/build/elf.ts";

/** Where the parts of a tiny executable are: file offsets; addresses are 0x1000 higher from `DYNAMIC` on. */
export const TINY = {
  rela: 0x200,
  symbols: 0x300,
  strings: 0x380,
  hash: 0x400,
  plt: 0x480,
  dynamic: 0x1000,
  data: 0x1800,
  size: 0x1900,
  /** What is added to the file offset for an address in the second segment. */
  shift: 0x1000,
} as const;

const NAMES = "\0environ\0answer\0";

/** A position-independent executable for x86-64 that is just enough for its headers to be read and changed. */
export function tinyElf(
  entries: readonly (readonly [tag: number, value: number])[] = [],
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(TINY.size);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 3, true);
  view.setUint16(18, 62, true);
  writeAddress(view, 24, 0x123);
  writeAddress(view, 32, 64);
  view.setUint16(54, PHDR_SIZE, true);
  const segments = tinySegments();
  view.setUint16(56, segments.length, true);
  for (const [i, segment] of segments.entries()) writeSegment(view, 64 + i * PHDR_SIZE, segment);
  writeTables(bytes, view);
  const dynamic = [...tinyDynamic(), ...entries, [DT.NULL, 0] as const];
  for (const [i, [tag, value]] of dynamic.entries()) {
    writeAddress(view, TINY.dynamic + 16 * i, tag);
    writeAddress(view, TINY.dynamic + 16 * i + 8, value);
  }
  return bytes;
}

function tinySegments(): readonly Segment[] {
  const segment = (type: number, offset: number, size: number, shift: number): Segment => ({
    type,
    flags: shift === 0 ? PF_R : PF_R | PF_W,
    offset,
    vaddr: offset + shift,
    fileSize: size,
    memorySize: size,
    align: 0x1000,
  });
  const { dynamic, data, size, shift } = TINY;
  return [
    segment(PT_NOTE, 0x1c0, 16, 0),
    segment(PT_LOAD, 0, 0x500, 0),
    { ...segment(PT_LOAD, dynamic, size - dynamic, shift), memorySize: 0x1234 },
    segment(PT_DYNAMIC, dynamic, data - dynamic, shift),
    { ...segment(PT_GNU_STACK, 0, 0, 0), align: 8 },
  ];
}

function writeTables(bytes: Uint8Array, view: DataView): void {
  const data = TINY.data + TINY.shift;
  relocation(view, TINY.rela, [data, 8, 0, 0x111]);
  relocation(view, TINY.rela + 24, [data + 8, 8, 0, 0x222]);
  relocation(view, TINY.rela + 48, [data + 16, 6, 1, 0]);
  relocation(view, TINY.plt, [data + 24, 7, 1, 0]);
  bytes.set(new TextEncoder().encode(NAMES), TINY.strings);
  // Symbol 1 is "environ", of another library; symbol 2 is "answer" in section 7 at 0x321.
  view.setUint32(TINY.symbols + 24, 1, true);
  view.setUint32(TINY.symbols + 48, 9, true);
  view.setUint16(TINY.symbols + 54, 7, true);
  writeAddress(view, TINY.symbols + 56, 0x321);
  // One bucket, first hashed symbol 2, a filter of one word; the chain is one long.
  for (const [i, word] of [1, 2, 1, 0, 0, 0, 2, 1].entries()) {
    view.setUint32(TINY.hash + 4 * i, word, true);
  }
}

function relocation(
  view: DataView,
  at: number,
  [offset, type, symbol, addend]: readonly [number, number, number, number],
): void {
  writeAddress(view, at, offset);
  view.setUint32(at + 8, type, true);
  view.setUint32(at + 12, symbol, true);
  writeAddress(view, at + 16, addend);
}

function tinyDynamic(): readonly (readonly [number, number])[] {
  return [
    [DT.SYMTAB, TINY.symbols],
    [DT.STRTAB, TINY.strings],
    [DT.GNU_HASH, TINY.hash],
    [DT.RELA, TINY.rela],
    [DT.RELASZ, 72],
    [DT.RELACOUNT, 2],
    [DT.JMPREL, TINY.plt],
    [DT.PLTRELSZ, 24],
    [DT.FLAGS_1, 0x08000001],
  ];
}
