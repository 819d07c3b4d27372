import { encodeText } from "syscalls/abi/text.ts";
import { READ_ONLY_BASE } from "./layout.ts";
import type { DataId } from "./program.ts";

/**
 * The read-only data of a program as it grows: room for the headers of the file, then everything in the order in which
 * it is added. Addresses are final at once, so data can point at data that was added before.
 */
export interface ReadOnlyData {
  bytes: Uint8Array<ArrayBuffer>;
  /** Bytes so far, headers included. */
  end: number;
  /** Of each piece. */
  readonly addresses: number[];
  readonly strings: Map<string, DataId>;
}

/** @param headers bytes at the beginning that are left free */
export function emptyData(headers: number): ReadOnlyData {
  return { bytes: new Uint8Array(16384), end: headers, addresses: [], strings: new Map() };
}

/** Headers' room and data, padded to 16 bytes. */
export function dataBytes({ bytes, end }: ReadOnlyData): Uint8Array<ArrayBuffer> {
  return bytes.subarray(0, end + 15 & ~15);
}

/**
 * Adds text and a NUL; equal texts are one piece.
 * @throws {RangeError} when there is a NUL inside
 */
export function addCString(data: ReadOnlyData, text: string): DataId {
  const known = data.strings.get(text);
  if (known !== undefined) return known;
  if (text.includes("\0")) throw new RangeError("Cannot encode C string: there is a NUL inside");
  // A character takes three bytes at most.
  const start = room(data, 3 * text.length + 1);
  const { bytes } = data;
  let at = start;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f) {
      const rest = encodeText(text.slice(i));
      bytes.set(rest, at);
      at += rest.length;
      break;
    }
    bytes[at++] = unit;
  }
  bytes[at] = 0;
  const id = added(data, start, at + 1);
  data.strings.set(text, id);
  return id;
}

export function addBytes(data: ReadOnlyData, content: Uint8Array, align: 1 | 8): DataId {
  if (align === 8) data.end = data.end + 7 & ~7;
  const start = room(data, content.length);
  data.bytes.set(content, start);
  return added(data, start, start + content.length);
}

/** Adds a table of addresses with NULL at its end. */
export function addPointers(data: ReadOnlyData, targets: readonly DataId[]): DataId {
  return addBytesWithPointers(
    data,
    new Uint8Array(8 * (targets.length + 1)),
    8,
    targets.map((to, index) => ({ offset: 8 * index, to })),
  );
}

/** @throws {RangeError} when a pointer leads to no data that was added before */
export function addBytesWithPointers(
  data: ReadOnlyData,
  content: Uint8Array,
  align: 1 | 8,
  pointers: readonly { readonly offset: number; readonly to: DataId }[],
): DataId {
  const id = addBytes(data, content, align);
  const start = (data.addresses[id] as number) - READ_ONLY_BASE;
  const view = new DataView(data.bytes.buffer);
  for (const { offset, to } of pointers) {
    const target = data.addresses[to];
    if (target === undefined) throw new RangeError(`Cannot point at data ${to}: there is none`);
    view.setUint32(start + offset, target, true);
    view.setUint32(start + offset + 4, 0, true);
  }
  return id;
}

function added(data: ReadOnlyData, start: number, end: number): DataId {
  data.end = end;
  return data.addresses.push(READ_ONLY_BASE + start) - 1 as DataId;
}

/** Room behind what there is; gives where it begins. */
function room(data: ReadOnlyData, count: number): number {
  const needed = data.end + count + 16;
  if (needed > data.bytes.length) {
    const larger = new Uint8Array(2 * needed);
    larger.set(data.bytes);
    data.bytes = larger;
  }
  return data.end;
}
