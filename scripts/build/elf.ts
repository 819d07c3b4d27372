import { type Arch, ELF_MACHINE } from "syscalls/abi/arch.ts";

// Names and values of elf.h (System V ABI, chapters 4 and 5).
export const ET_EXEC = 2;
export const ET_DYN = 3;
export const PT_LOAD = 1;
export const PT_DYNAMIC = 2;
export const PT_NOTE = 4;
export const PT_GNU_STACK = 0x6474e551;
export const PF_X = 1;
export const PF_W = 2;
export const PF_R = 4;

export const PHDR_SIZE = 56;
export const RELA_SIZE = 24;
export const SYM_SIZE = 24;
export const DYN_SIZE = 16;

const ELFCLASS64 = 2;
const ELFDATA2LSB = 1;

/** A program header: one stretch of the file and where it goes in memory. */
export interface Segment {
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly vaddr: number;
  readonly fileSize: number;
  readonly memorySize: number;
  readonly align: number;
}

/** A 64-bit little-endian ELF file for a machine we know. Addresses are below 2^53, so numbers do. */
export interface Elf {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView<ArrayBuffer>;
  readonly arch: Arch;
  readonly type: number;
  readonly entry: number;
  readonly programHeaders: number;
  readonly segments: readonly Segment[];
}

/** An executable is not of the kind that the build can change. */
export class ElfError extends Error {
  override readonly name = "ElfError";
}

/** Tells an ELF file from a script. */
export function isElf(bytes: Uint8Array): boolean {
  return bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;
}

/**
 * Reads the headers of an executable.
 * @throws {ElfError} when it is no 64-bit little-endian ELF file for x86-64 or aarch64
 */
export function readElf(bytes: Uint8Array<ArrayBuffer>): Elf {
  if (!isElf(bytes) || bytes[4] !== ELFCLASS64 || bytes[5] !== ELFDATA2LSB) {
    throw new ElfError("it is no 64-bit little-endian ELF file");
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const programHeaders = readAddress(view, 32);
  if (view.getUint16(54, true) !== PHDR_SIZE) {
    throw new ElfError("its program headers have an unknown size");
  }
  const segments: Segment[] = [];
  for (let i = 0; i < view.getUint16(56, true); i++) {
    segments.push(readSegment(view, programHeaders + i * PHDR_SIZE));
  }
  return {
    bytes,
    view,
    arch: machineOf(view.getUint16(18, true)),
    type: view.getUint16(16, true),
    entry: readAddress(view, 24),
    programHeaders,
    segments,
  };
}

function machineOf(machine: number): Arch {
  if (machine === ELF_MACHINE.x86_64) return "x86_64";
  if (machine === ELF_MACHINE.aarch64) return "aarch64";
  throw new ElfError(`it is for machine ${machine}, neither x86-64 nor aarch64`);
}

function readSegment(view: DataView, at: number): Segment {
  return {
    type: view.getUint32(at, true),
    flags: view.getUint32(at + 4, true),
    offset: readAddress(view, at + 8),
    vaddr: readAddress(view, at + 16),
    fileSize: readAddress(view, at + 32),
    memorySize: readAddress(view, at + 40),
    align: readAddress(view, at + 48),
  };
}

/** Writes a program header; the physical address, which Linux does not look at, is the virtual one. */
export function writeSegment(view: DataView, at: number, segment: Segment): void {
  view.setUint32(at, segment.type, true);
  view.setUint32(at + 4, segment.flags, true);
  const { offset, vaddr, fileSize, memorySize, align } = segment;
  for (const [i, value] of [offset, vaddr, vaddr, fileSize, memorySize, align].entries()) {
    writeAddress(view, at + 8 + 8 * i, value);
  }
}

/** An address, offset or size of 64 bits, as a number. */
export function readAddress(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
}

export function writeAddress(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % 2 ** 32, true);
  view.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
}

/** Where in the file the bytes at an address are. */
export function fileOffset(elf: Elf, address: number): number {
  for (const { type, vaddr, offset, fileSize } of elf.segments) {
    if (type === PT_LOAD && vaddr <= address && address < vaddr + fileSize) {
      return address - vaddr + offset;
    }
  }
  throw new ElfError(`address 0x${address.toString(16)} is not in the file`);
}

/** The segments that are mapped, in the order of their addresses. */
export function loadSegments(elf: Elf): readonly Segment[] {
  return elf.segments.filter((segment) => segment.type === PT_LOAD);
}
