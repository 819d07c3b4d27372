import { encodeText } from "syscalls/abi/text.ts";
import { READ_ONLY_BASE } from "./layout.ts";
import type { DataId } from "./program.ts";

/**
 * The read-only data of a program as it grows: room for the headers of the file, then everything in the order in which
 * it is added. Addresses are final at once, so data can point at data that was added before.
 */
export class ReadOnlyData {
  #bytes = new Uint8Array(16384);
  #end: number;
  /** Of each piece. */
  readonly addresses: number[] = [];
  readonly #strings = new Map<string, DataId>();

  /** @param headers bytes at the beginning that are left free */
  constructor(headers: number) {
    this.#end = headers;
  }

  /** Bytes so far, headers included. */
  get end(): number {
    return this.#end;
  }

  /** Headers' room and data, padded to 16 bytes. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, Math.ceil(this.#end / 16) * 16);
  }

  /**
   * Text and a NUL; equal texts are one piece.
   * @throws {RangeError} when there is a NUL inside
   */
  cString(text: string): DataId {
    const known = this.#strings.get(text);
    if (known !== undefined) return known;
    if (text.includes("\0")) throw new RangeError("Cannot encode C string: there is a NUL inside");
    // A character takes three bytes at most.
    const start = this.#room(3 * text.length + 1);
    const bytes = this.#bytes;
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
    const id = this.#added(start, at + 1);
    this.#strings.set(text, id);
    return id;
  }

  bytes(content: Uint8Array, align: 1 | 8): DataId {
    if (align === 8) this.#end = this.#end + 7 & ~7;
    const start = this.#room(content.length);
    this.#bytes.set(content, start);
    return this.#added(start, start + content.length);
  }

  /** A table of addresses with NULL at its end. */
  pointers(targets: readonly DataId[]): DataId {
    return this.bytesWithPointers(
      new Uint8Array(8 * (targets.length + 1)),
      8,
      targets.map((to, index) => ({ offset: 8 * index, to })),
    );
  }

  /** @throws {RangeError} when a pointer leads to no data that was added before */
  bytesWithPointers(
    content: Uint8Array,
    align: 1 | 8,
    pointers: readonly { readonly offset: number; readonly to: DataId }[],
  ): DataId {
    const id = this.bytes(content, align);
    const start = (this.addresses[id] as number) - READ_ONLY_BASE;
    const view = new DataView(this.#bytes.buffer);
    for (const { offset, to } of pointers) {
      const target = this.addresses[to];
      if (target === undefined) throw new RangeError(`Cannot point at data ${to}: there is none`);
      view.setUint32(start + offset, target, true);
      view.setUint32(start + offset + 4, 0, true);
    }
    return id;
  }

  #added(start: number, end: number): DataId {
    this.#end = end;
    return this.addresses.push(READ_ONLY_BASE + start) - 1 as DataId;
  }

  /** Room behind what there is; gives where it begins. */
  #room(count: number): number {
    const needed = this.#end + count + 16;
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(2 * needed);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    return this.#end;
  }
}
