import type { Brand } from "syscalls/abi/brand.ts";
import { encodeCString } from "syscalls/abi/text.ts";

/** A place in machine code, used before or after it is known where that is. */
export type CodeLabel = Brand<number, "CodeLabel">;

interface Fixup {
  readonly at: number;
  readonly label: CodeLabel;
  /** Fills the hole at `at` for a target at `target`; both are addresses. */
  readonly patch: (view: DataView, at: number, address: number, target: number) => void;
}

const UNPLACED = -1;

/** Bytes that grow, labels in them, and holes that are filled when the address of the first byte is known. */
export class CodeBuffer {
  #bytes = new Uint8Array(4096);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;
  readonly #labels: number[] = [];
  readonly #fixups: Fixup[] = [];

  /** How many bytes there are so far. */
  get length(): number {
    return this.#length;
  }

  /** A new label, yet to be placed. */
  label(): CodeLabel {
    return this.#labels.push(UNPLACED) - 1 as CodeLabel;
  }

  /** Puts a label here. */
  place(label: CodeLabel): void {
    if (this.#labels[label] !== UNPLACED) {
      throw new RangeError(`Cannot place label ${label}: it has been placed or is of other code`);
    }
    this.#labels[label] = this.#length;
  }

  /** Where a placed label is, in bytes from the start. */
  offsetOf(label: CodeLabel): number {
    const offset = this.#labels[label] ?? UNPLACED;
    if (offset === UNPLACED) throw new RangeError(`Cannot find label ${label}: it is not placed`);
    return offset;
  }

  u8(value: number): void {
    const at = this.#take(1);
    this.#view.setUint8(at, value);
  }

  u16(value: number): void {
    const at = this.#take(2);
    this.#view.setUint16(at, value, true);
  }

  /** Four bytes, little-endian, signed or not. */
  u32(value: number): void {
    const at = this.#take(4);
    this.#view.setUint32(at, value, true);
  }

  /** Eight bytes, little-endian, signed or not. */
  u64(value: bigint): void {
    const at = this.#take(8);
    this.#view.setBigUint64(at, BigInt.asUintN(64, value), true);
  }

  data(bytes: Uint8Array): void {
    const at = this.#take(bytes.length);
    this.#bytes.set(bytes, at);
  }

  /** Text and a NUL. */
  asciz(text: string): void {
    this.data(encodeCString(text));
  }

  /** Zeros up to the next multiple of `size`, a power of two. */
  align(size: number): void {
    this.#take(-this.#length & (size - 1));
  }

  /** Eight bytes that will hold the address of a label. */
  address(label: CodeLabel): void {
    this.fixup(label, (view, at, _address, target) => {
      view.setBigUint64(at, BigInt(target), true);
    });
    this.u64(0n);
  }

  /** Has `patch` called when addresses are known, for the bytes that are written next. */
  protected fixup(label: CodeLabel, patch: Fixup["patch"]): void {
    this.#fixups.push({ at: this.#length, label, patch });
  }

  /**
   * The code, for a first byte at `baseAddress`.
   * @throws {RangeError} when a label that is used was not placed, or is out of an instruction's reach
   */
  finish(baseAddress: number): Uint8Array<ArrayBuffer> {
    const bytes = this.#bytes.slice(0, this.#length);
    const view = new DataView(bytes.buffer);
    for (const { at, label, patch } of this.#fixups) {
      patch(view, at, baseAddress + at, baseAddress + this.offsetOf(label));
    }
    return bytes;
  }

  /** Makes room at the end, which may move the bytes to a new array: ask for {@link #view} after it, not before. */
  #take(size: number): number {
    const at = this.#length;
    this.#length += size;
    if (this.#length > this.#bytes.length) {
      const bytes = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length));
      bytes.set(this.#bytes);
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer);
    }
    return at;
  }
}
