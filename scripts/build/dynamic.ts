import type { Arch } from "syscalls/abi/arch.ts";
import {
  DYN_SIZE,
  type Elf,
  ElfError,
  fileOffset,
  PT_DYNAMIC,
  readAddress,
  RELA_SIZE,
  SYM_SIZE,
} from "./elf.ts";

// Tags of the dynamic section (elf.h).
export const DT = {
  NULL: 0,
  NEEDED: 1,
  PLTRELSZ: 2,
  PLTGOT: 3,
  HASH: 4,
  STRTAB: 5,
  SYMTAB: 6,
  RELA: 7,
  RELASZ: 8,
  RELAENT: 9,
  STRSZ: 10,
  SYMENT: 11,
  INIT: 12,
  FINI: 13,
  SONAME: 14,
  RPATH: 15,
  PLTREL: 20,
  DEBUG: 21,
  JMPREL: 23,
  BIND_NOW: 24,
  INIT_ARRAY: 25,
  FINI_ARRAY: 26,
  INIT_ARRAYSZ: 27,
  FINI_ARRAYSZ: 28,
  RUNPATH: 29,
  FLAGS: 30,
  PREINIT_ARRAY: 32,
  PREINIT_ARRAYSZ: 33,
  GNU_HASH: 0x6ffffef5,
  VERSYM: 0x6ffffff0,
  RELACOUNT: 0x6ffffff9,
  FLAGS_1: 0x6ffffffb,
  VERNEED: 0x6ffffffe,
  VERNEEDNUM: 0x6fffffff,
  AARCH64_BTI_PLT: 0x70000001,
  AARCH64_PAC_PLT: 0x70000003,
  AARCH64_VARIANT_PCS: 0x70000005,
} as const;

/** Relocation types by what they do (x86-64 psABI 4.4, AArch64 ELF ABI 5.7). */
export interface RelocationTypes {
  readonly relative: number;
  readonly indirectRelative: number;
  readonly globalData: number;
  readonly jumpSlot: number;
  /** Of a symbol or of thread-local storage: what is stored does not depend on where the file is loaded. */
  readonly others: readonly number[];
}

export const RELOCATIONS: Readonly<Record<Arch, RelocationTypes>> = {
  // others: R_X86_64_64, DTPMOD64, DTPOFF64, TPOFF64, TLSDESC
  x86_64: {
    relative: 8,
    indirectRelative: 37,
    globalData: 6,
    jumpSlot: 7,
    others: [1, 16, 17, 18, 36],
  },
  // others: R_AARCH64_ABS64, TLS_DTPMOD, TLS_DTPREL, TLS_TPREL, TLSDESC
  aarch64: {
    relative: 1027,
    indirectRelative: 1032,
    globalData: 1025,
    jumpSlot: 1026,
    others: [257, 1028, 1029, 1030, 1031],
  },
};

/** One entry of the dynamic section: its value and the file offset of the entry. */
export interface DynamicEntry {
  readonly tag: number;
  readonly value: number;
  readonly at: number;
}

/** The dynamic section in its order, without the end mark. */
export function readDynamic(elf: Elf): readonly DynamicEntry[] {
  const segment = elf.segments.find(({ type }) => type === PT_DYNAMIC);
  if (segment === undefined) throw new ElfError("it is not dynamically linked");
  const entries: DynamicEntry[] = [];
  for (let i = 0; i < segment.fileSize; i += DYN_SIZE) {
    const at = segment.offset + i;
    const tag = readAddress(elf.view, at);
    if (tag === DT.NULL) break;
    entries.push({ tag, value: readAddress(elf.view, at + 8), at });
  }
  return entries;
}

/** @throws {ElfError} when there is no such entry */
export function dynamicEntry(entries: readonly DynamicEntry[], tag: number): DynamicEntry {
  const entry = entries.find((candidate) => candidate.tag === tag);
  if (entry === undefined) {
    throw new ElfError(`its dynamic section has no tag 0x${tag.toString(16)}`);
  }
  return entry;
}

/** A relocation with an addend; `at` is its place in the file. */
export interface Relocation {
  readonly at: number;
  readonly offset: number;
  readonly type: number;
  readonly symbol: number;
}

/** The relocations of a table of `size` bytes at `address`. */
export function* readRelocations(elf: Elf, address: number, size: number): Generator<Relocation> {
  if (size === 0) return;
  const start = fileOffset(elf, address);
  for (let at = start; at < start + size; at += RELA_SIZE) {
    yield {
      at,
      offset: readAddress(elf.view, at),
      type: elf.view.getUint32(at + 8, true),
      symbol: elf.view.getUint32(at + 12, true),
    };
  }
}

/**
 * The address of the slot that holds the address of a C library variable, once the dynamic linker has run.
 * @throws {ElfError} when the file does not reach the variable through one
 */
export function globalSlot(elf: Elf, variable: string): number {
  const dynamic = readDynamic(elf);
  const symbols = fileOffset(elf, dynamicEntry(dynamic, DT.SYMTAB).value);
  const strings = fileOffset(elf, dynamicEntry(dynamic, DT.STRTAB).value);
  const table = dynamicEntry(dynamic, DT.RELA).value;
  const { globalData } = RELOCATIONS[elf.arch];
  for (const entry of readRelocations(elf, table, dynamicEntry(dynamic, DT.RELASZ).value)) {
    if (entry.type !== globalData) continue;
    const name = strings + elf.view.getUint32(symbols + entry.symbol * SYM_SIZE, true);
    if (hasName(elf.bytes, name, variable)) return entry.offset;
  }
  throw new ElfError(`it has no global offset table slot for ${variable}`);
}

/** Whether a NUL-terminated name is at a place of the file. */
export function hasName(bytes: Uint8Array, at: number, name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    if (bytes[at + i] !== name.charCodeAt(i)) return false;
  }
  return bytes[at + name.length] === 0;
}
