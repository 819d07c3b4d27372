import { encodeCString } from "syscalls/abi/text.ts";

/** Room for two paths and what goes with them; what does not fit gets memory of its own. */
const SIZE = 16_384;

/** One piece of memory for all short-lived arguments: asking the engine for an address costs more than most calls. */
interface Scratch {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly address: number;
  /** Where the free part begins. */
  end: number;
}

let known: Scratch | undefined;

function scratch(): Scratch {
  if (known === undefined) {
    const bytes = new Uint8Array(SIZE);
    known = { bytes, address: addressOf(bytes), end: 0 };
  }
  return known;
}

/** User space ends below 2^53, so that a number holds every address. */
function addressOf(bytes: Uint8Array<ArrayBuffer>): number {
  return Number(Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes)));
}

/**
 * Memory that a kernel call reads or writes through an address.
 *
 * An address is good until the arena is disposed of: until then nothing behind one is collected, moved or used again.
 * Arenas end in the reverse order of their making, as `using` has it.
 */
export class Arena implements Disposable {
  readonly #scratch = scratch();
  readonly #start = this.#scratch.end;
  #kept: Uint8Array<ArrayBuffer>[] | null = null;

  /**
   * The address of a NUL-terminated copy of `text`.
   * @throws {RangeError} when the text has a NUL inside
   */
  cString(text: string): number {
    const { bytes, address, end } = this.#scratch;
    const length = text.length;
    if (length >= SIZE - end) return this.bytes(encodeCString(text));
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i);
      if (unit === 0 || unit > 0x7f) return this.bytes(encodeCString(text));
      bytes[end + i] = unit;
    }
    bytes[end + length] = 0;
    this.#scratch.end = end + length + 1;
    return address + end;
  }

  /** So many bytes of 0, on a boundary of 8. */
  reserve(size: number): Uint8Array<ArrayBuffer> {
    const start = (this.#scratch.end + 7) & ~7;
    if (size > SIZE - start) return new Uint8Array(size);
    this.#scratch.end = start + size;
    return this.#scratch.bytes.subarray(start, start + size).fill(0);
  }

  /** The address of `bytes` itself, so that what the kernel writes shows there. 0 for no bytes. */
  bytes(bytes: Uint8Array<ArrayBuffer>): number {
    const { bytes: all, address } = this.#scratch;
    if (bytes.buffer === all.buffer) return address + bytes.byteOffset;
    (this.#kept ??= []).push(bytes);
    return addressOf(bytes);
  }

  /** The address of a table of addresses that ends with a null one, as for argv and environ. */
  pointers(addresses: readonly number[]): number {
    const table = this.reserve(8 * (addresses.length + 1));
    const words = new BigUint64Array(table.buffer, table.byteOffset, addresses.length);
    for (let i = 0; i < words.length; i++) words[i] = BigInt(addresses[i] ?? 0);
    return this.bytes(table);
  }

  [Symbol.dispose](): void {
    this.#scratch.end = this.#start;
    this.#kept = null;
  }
}

/** What {@link Arena.cString} gives, for one call with one text: good until anything else is put into an arena. */
export function briefCString(text: string): number {
  using arena = new Arena();
  return arena.cString(text);
}
