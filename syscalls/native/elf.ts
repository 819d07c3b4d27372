import { ELF_MACHINE } from "syscalls/abi/arch.ts";
import { HEADERS_SIZE, type Segments } from "./layout.ts";

const ET_EXEC = 2;
const PT_LOAD = 1;
const PT_GNU_STACK = 0x6474e551;
const PF_X = 1;
const PF_W = 2;
const PF_R = 4;

interface Segment {
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly address: number;
  readonly fileSize: number;
  readonly memorySize: number;
  readonly align: number;
}

/**
 * A static executable (elf(5)) of three segments: headers and data read-only, code executable, memory that is zero and
 * takes no room in the file. None is both writable and executable, and neither is the stack.
 *
 * @param readOnly the headers' room and the data
 */
export function writeElf(
  layout: Segments,
  readOnly: Uint8Array,
  code: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const file = new Uint8Array(layout.codeOffset + code.length);
  file.set(readOnly);
  file.set(code, layout.codeOffset);
  const view = new DataView(file.buffer);
  const segments = segmentsOf(layout, code.length);
  writeHeader(view, layout, segments.length);
  for (const [index, segment] of segments.entries()) {
    writeSegment(view, 64 + 56 * index, segment);
  }
  return file;
}

function segmentsOf(layout: Segments, codeSize: number): readonly Segment[] {
  const { codeOffset, pageSize: align } = layout;
  return [
    {
      type: PT_LOAD,
      flags: PF_R,
      offset: 0,
      address: layout.readOnly,
      fileSize: codeOffset,
      memorySize: codeOffset,
      align,
    },
    {
      type: PT_LOAD,
      flags: PF_R | PF_X,
      offset: codeOffset,
      address: layout.code,
      fileSize: codeSize,
      memorySize: codeSize,
      align,
    },
    {
      type: PT_LOAD,
      flags: PF_R | PF_W,
      offset: 0,
      address: layout.writable,
      fileSize: 0,
      memorySize: layout.writableSize,
      align,
    },
    {
      type: PT_GNU_STACK,
      flags: PF_R | PF_W,
      offset: 0,
      address: 0,
      fileSize: 0,
      memorySize: 0,
      align: 16,
    },
  ];
}

function writeHeader(view: DataView, layout: Segments, segments: number): void {
  // "\x7fELF", 64-bit, little-endian, version 1.
  view.setUint32(0, 0x7f454c46);
  view.setUint32(4, 0x02010100);
  view.setUint16(16, ET_EXEC, true);
  view.setUint16(18, ELF_MACHINE[layout.arch], true);
  view.setUint32(20, 1, true);
  view.setBigUint64(24, BigInt(layout.code), true);
  view.setBigUint64(32, 64n, true);
  view.setUint16(52, 64, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, segments, true);
  if (64 + 56 * segments !== HEADERS_SIZE) throw new RangeError("Cannot write ELF: header size");
}

function writeSegment(view: DataView, at: number, segment: Segment): void {
  view.setUint32(at, segment.type, true);
  view.setUint32(at + 4, segment.flags, true);
  view.setBigUint64(at + 8, BigInt(segment.offset), true);
  view.setBigUint64(at + 16, BigInt(segment.address), true);
  view.setBigUint64(at + 24, BigInt(segment.address), true);
  view.setBigUint64(at + 32, BigInt(segment.fileSize), true);
  view.setBigUint64(at + 40, BigInt(segment.memorySize), true);
  view.setBigUint64(at + 48, BigInt(segment.align), true);
}
