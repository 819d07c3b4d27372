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

/** Instructions that there is room for at first; most filters have fewer. */
const FIRST_ROOM = 1024;

/** Where a program goes on: an instruction (as its place from the end), or an answer, of which there may be copies. */
export type Target = number | { readonly answer: number };

/**
 * Writes a program from its end to its beginning, so that all that an instruction leads to is there before it: each method puts one
 * instruction in front and returns it as a target. What a conditional jump cannot reach gets an unconditional one on the way, or a copy.
 */
export class ClassicBuilder {
  /** Two words an instruction, from the end of the array on downwards. */
  #words = new Uint32Array(2 * FIRST_ROOM);
  #length = 0;
  /** The last copy of each answer, and the last jump to each instruction that was too far away. */
  readonly #answers = new Map<number, number>();
  readonly #bridges = new Map<number, number>();

  /** How many instructions there are. */
  get length(): number {
    return this.#length;
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
    return this.#put(CLASSIC[comparison], length - near | length - other << 8, k);
  }

  /** The bytes of the program that begins at `start`, in the byte order of the machines that ocirt runs on. */
  finish(start: Target): Uint8Array<ArrayBuffer> {
    this.#reach(start, 0);
    return new Uint8Array(this.#words.slice(this.#words.length - 2 * this.#length).buffer);
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
    const place = ++this.#length;
    let at = this.#words.length - 2 * place;
    if (at < 0) at = this.#grow(place);
    this.#words[at] = code | jumps << 16;
    this.#words[at + 1] = k;
    return place;
  }

  #grow(place: number): number {
    const more = new Uint32Array(2 * this.#words.length);
    more.set(this.#words, this.#words.length);
    this.#words = more;
    return more.length - 2 * place;
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
