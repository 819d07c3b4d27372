/** One instruction of classic BPF: struct sock_filter, 8 bytes. */
export interface ClassicInstruction {
  readonly code: number;
  /** Of a conditional jump: how many of the instructions that follow are passed over when it holds, and when not. */
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}

/** The operation codes that a seccomp filter needs (linux/bpf_common.h): class, mode and operation or-ed. */
export const CLASSIC = {
  /** A = the 32-bit word at byte k of the data. */
  load: 0x20, // BPF_LD | BPF_W | BPF_ABS
  /** A = A & k */
  and: 0x54, // BPF_ALU | BPF_AND | BPF_K
  /** Passes over k instructions. */
  jump: 0x05, // BPF_JMP | BPF_JA
  jumpIfEqual: 0x15, // BPF_JMP | BPF_JEQ | BPF_K
  jumpIfAbove: 0x25, // BPF_JMP | BPF_JGT | BPF_K
  jumpIfAtLeast: 0x35, // BPF_JMP | BPF_JGE | BPF_K
  /** Whether A & k is not 0. */
  jumpIfAnyBit: 0x45, // BPF_JMP | BPF_JSET | BPF_K
  /** The program's answer is k. */
  answer: 0x06, // BPF_RET | BPF_K
} as const;

/** A comparison of A with a constant, unsigned. */
export type Comparison = "jumpIfEqual" | "jumpIfAbove" | "jumpIfAtLeast" | "jumpIfAnyBit";

/** Size of an instruction in bytes. */
export const CLASSIC_SIZE = 8;

/** The farthest that a conditional jump reaches. */
const REACH = 255;

/** Where a program goes on: an instruction (as its place from the end), or an answer, of which there may be copies. */
export type Target = number | { readonly answer: number };

/**
 * Writes a program from its end to its beginning, so that all that an instruction leads to is there before it: each method puts one
 * instruction in front and returns it as a target. What a conditional jump cannot reach gets an unconditional one on the way, or a copy.
 */
export class ClassicBuilder {
  readonly #code: number[] = [];
  readonly #jumps: number[] = [];
  readonly #k: number[] = [];
  /** The last copy of each answer, and the last jump to each instruction that was too far away. */
  readonly #answers = new Map<number, number>();
  readonly #bridges = new Map<number, number>();

  /** How many instructions there are. */
  get length(): number {
    return this.#code.length;
  }

  /** A = the word at `offset`; goes on at `next`. */
  load(offset: number, next: Target): Target {
    this.#reach(next, 0);
    return this.#put(CLASSIC.load, 0, offset);
  }

  /** A = A & `mask`; goes on at `next`. */
  and(mask: number, next: Target): Target {
    this.#reach(next, 0);
    return this.#put(CLASSIC.and, 0, mask);
  }

  /** Goes on at `yes` where the comparison of A with `k` holds, and at `no` elsewhere. */
  when(comparison: Comparison, k: number, yes: Target, no: Target): Target {
    if (isSame(yes, no)) return yes;
    // The second may need one more instruction, which takes the first one place further away.
    const near = this.#reach(yes, REACH - 1);
    const other = this.#reach(no, REACH);
    const { length } = this;
    return this.#put(CLASSIC[comparison], length - near << 8 | length - other, k);
  }

  /** The bytes of the program that begins at `start`, little-endian. */
  finish(start: Target): Uint8Array<ArrayBuffer> {
    this.#reach(start, 0);
    const { length } = this;
    const bytes = new Uint8Array(CLASSIC_SIZE * length);
    const view = new DataView(bytes.buffer);
    for (let i = 0, at = CLASSIC_SIZE * (length - 1); i < length; i++, at -= CLASSIC_SIZE) {
      view.setUint16(at, this.#code[i] as number, true);
      view.setUint16(at + 2, this.#jumps[i] as number, false);
      view.setUint32(at + 4, this.#k[i] as number, true);
    }
    return bytes;
  }

  /** The place of a target, or of a stand-in for it, over which no more than `distance` instructions lie. */
  #reach(target: Target, distance: number): number {
    const { length } = this;
    if (typeof target === "number") {
      if (length - target <= distance) return target;
      const bridge = this.#bridges.get(target);
      if (bridge !== undefined && length - bridge <= distance) return bridge;
      const place = this.#put(CLASSIC.jump, 0, length - target);
      this.#bridges.set(target, place);
      return place;
    }
    const known = this.#answers.get(target.answer);
    if (known !== undefined && length - known <= distance) return known;
    const place = this.#put(CLASSIC.answer, 0, target.answer);
    this.#answers.set(target.answer, place);
    return place;
  }

  #put(code: number, jumps: number, k: number): number {
    this.#code.push(code);
    this.#jumps.push(jumps);
    return this.#k.push(k);
  }
}

function isSame(a: Target, b: Target): boolean {
  if (typeof a === "number" || typeof b === "number") return a === b;
  return a.answer === b.answer;
}

/** The instructions of a program. */
export function decodeClassic(program: Uint8Array): ClassicInstruction[] {
  const view = new DataView(program.buffer, program.byteOffset, program.byteLength);
  return Array.from({ length: program.length / CLASSIC_SIZE }, (_, i) => {
    const at = CLASSIC_SIZE * i;
    return {
      code: view.getUint16(at, true),
      jt: view.getUint8(at + 2),
      jf: view.getUint8(at + 3),
      k: view.getUint32(at + 4, true),
    };
  });
}
