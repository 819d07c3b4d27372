import { encodeCString } from "syscalls/abi/text.ts";

/**
 * Memory that a kernel call reads or writes through an address.
 *
 * An address is good until the arena is disposed of: until then nothing behind one is collected or moved.
 */
export class Arena implements Disposable {
  readonly #kept: Uint8Array<ArrayBuffer>[] = [];

  /**
   * The address of a NUL-terminated copy of `text`.
   * @throws {RangeError} when the text has a NUL inside
   */
  cString(text: string): bigint {
    return this.bytes(encodeCString(text));
  }

  /** The address of `bytes` itself, so that what the kernel writes shows there. 0 for no bytes. */
  bytes(bytes: Uint8Array<ArrayBuffer>): bigint {
    this.#kept.push(bytes);
    return Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes));
  }

  /** The address of a table of addresses that ends with a null one, as for argv and environ. */
  pointers(addresses: readonly bigint[]): bigint {
    const table = new BigUint64Array(addresses.length + 1);
    table.set(addresses);
    return this.bytes(new Uint8Array(table.buffer));
  }

  [Symbol.dispose](): void {
    this.#kept.length = 0;
  }
}
