import type { Arch } from "syscalls/abi/arch.ts";
import type { Data, Program } from "./program.ts";
import { REPORT_SIZE } from "./report.ts";

/** Size of the ELF header and the four program headers, with which the file and the read-only segment begin. */
export const HEADERS_SIZE = 64 + 4 * 56;

// Below 2^31, so that any address is a 32-bit immediate, and above what vm.mmap_min_addr forbids.
export const READ_ONLY_BASE = 0x40_0000;
export const WRITABLE_BASE = 0x1000_0000;

/** On aarch64 a page may have up to 64 KiB; a file that is laid out for the largest runs with all. */
export const PAGE_SIZE: Readonly<Record<Arch, number>> = { x86_64: 0x1000, aarch64: 0x1_0000 };

/** Where the segments of a program are when it runs: addresses, but where it says offset. */
export interface Segments {
  readonly arch: Arch;
  readonly pageSize: number;
  /** Of the read-only segment, whose first bytes are the headers. */
  readonly readOnly: number;
  /** Bytes of headers and data; the code follows them in the file. */
  readonly codeOffset: number;
  readonly code: number;
  /** Of the writable segment. */
  readonly writable: number;
  readonly writableSize: number;
}

/** Where everything of a program is. */
export interface Layout extends Segments {
  /** Of each piece of {@link Program.data}. */
  readonly data: readonly number[];
  /** Where a report is put together: {@link REPORT_SIZE} bytes. */
  readonly scratch: number;
  /** Of each slot. */
  readonly slots: readonly number[];
}

/**
 * Gives everything its address. The code is last in the file, so that all it refers to is known before it is written;
 * its segment shares a page of the file with the data, at another address, rather than be padded to a page of its own.
 *
 * @throws {RangeError} when the data reaches into the writable segment, at 252 MiB
 */
export function layOut(program: Program, arch: Arch): Layout {
  const { data, end } = placeData(program);
  const { slots, size } = placeSlots(program);
  return {
    ...segments(arch, end, size),
    data: data.map((offset) => READ_ONLY_BASE + offset),
    scratch: WRITABLE_BASE,
    slots: slots.map((offset) => WRITABLE_BASE + offset),
  };
}

/**
 * The segments for so many bytes of headers and data, and of writable memory.
 *
 * @throws {RangeError} when the data reaches into the writable segment, at 252 MiB
 */
export function segments(arch: Arch, dataEnd: number, writableSize: number): Segments {
  const pageSize = PAGE_SIZE[arch];
  const codeOffset = roundUp(dataEnd, 16);
  const code = READ_ONLY_BASE + roundUp(codeOffset, pageSize) + codeOffset % pageSize;
  if (code > WRITABLE_BASE - 0x100_0000) {
    throw new RangeError(`Cannot lay out program: ${codeOffset} bytes of data are too many`);
  }
  return {
    arch,
    pageSize,
    readOnly: READ_ONLY_BASE,
    codeOffset,
    code,
    writable: WRITABLE_BASE,
    writableSize,
  };
}

/** The headers and the data, as the file has them, with the addresses that data has of other data. */
export function readOnlyBytes(program: Program, layout: Layout): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(layout.codeOffset);
  const view = new DataView(bytes.buffer);
  for (let index = 0; index < program.data.length; index++) {
    const data = program.data[index] as Data;
    const offset = (layout.data[index] ?? 0) - layout.readOnly;
    bytes.set(data.bytes, offset);
    for (const pointer of data.pointers) {
      const target = layout.data[pointer.to];
      if (target === undefined) throw new RangeError(`Cannot point at data ${pointer.to}: none`);
      view.setBigUint64(offset + pointer.offset, BigInt(target), true);
    }
  }
  return bytes;
}

/** Offsets of the data, in the order in which it was added. */
function placeData(program: Program): { readonly data: number[]; readonly end: number } {
  const data: number[] = [];
  let end = HEADERS_SIZE;
  for (const { bytes, align } of program.data) {
    end = roundUp(end, align);
    data.push(end);
    end += bytes.length;
  }
  return { data, end };
}

/** Offsets of the slots, in the order in which they were added. */
function placeSlots(program: Program): { readonly slots: number[]; readonly size: number } {
  const slots: number[] = [];
  let size = REPORT_SIZE;
  for (const slotSize of program.slotSizes) {
    slots.push(size);
    size += slotSize;
  }
  return { slots, size };
}

export function roundUp(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}
