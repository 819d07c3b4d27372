import { SpecError } from "runtime/base/errors.ts";
import { failureOf } from "runtime/base/failure.ts";
import { readRawFilter } from "runtime/compile/seccomp/raw.ts";
import type { RawFilter } from "runtime/spec/valid.ts";
import { seccompData } from "syscalls/abi/seccomp.ts";
import { type ClassicInstruction, decodeClassic } from "syscalls/bpf/classic.ts";
import { ARITHMETIC, CODE_PARTS, JUMPS, OTHER_CODES } from "syscalls/bpf/classic_codes.ts";
import { interpretClassic } from "syscalls/bpf/interpret_classic.ts";
import { Random } from "tests/support/random.ts";
import { instruction, rawFilter } from "tests/support/raw_filter.ts";
import { Ends, type Fault, type Kind } from "./kind.ts";
import { damageText } from "./mutate_text.ts";
import { smallerTexts } from "./shrink.ts";
import { messageFault } from "./words.ts";

/** A compiled filter, as the annotation `run.oci.seccomp_bpf_data` has it, and whether somebody answers for it. */
export interface RawFilterInput {
  readonly base64: string;
  readonly hasAgent: boolean;
}

/** Gives the bytes of a filter that is taken; tests put in something that is broken. */
export type ReadFilter = (raw: RawFilter, hasAgent: boolean) => Uint8Array;

/** Programs of all instructions and of none: what is taken must have an answer to every call. */
export function rawFilterKind(read: ReadFilter = readFilter): Kind<RawFilterInput> {
  const ends = new Ends();
  return {
    name: "filter",
    ends,
    generate(random): RawFilterInput {
      const text = rawFilter(program(random));
      const base64 = random.chance(5) ? damageText(text, random) : text;
      return { base64, hasAgent: random.chance(50) };
    },
    run: (input) => faultOf(input, read, ends),
    *smaller({ base64, hasAgent }): Iterable<RawFilterInput> {
      for (const smaller of smallerPrograms(base64)) yield { base64: smaller, hasAgent };
    },
  };
}

function readFilter(raw: RawFilter, hasAgent: boolean): Uint8Array {
  const machine = { arch: "x86_64", kernel: [6, 12], hasAgent: () => hasAgent } as const;
  return readRawFilter(raw, machine).program;
}

/** Words of scratch memory that a program stores first, more often than not. */
const STORED = 3;

/** Mostly instructions that a filter may have, with constants that they may have. */
function program(random: Random): ClassicInstruction[] {
  const length = random.chance(2) ? 4080 + random.below(20) : 1 + random.below(12);
  const stores = Array.from({ length: STORED }, (_, k) => instruction(OTHER_CODES.store, k));
  const made = Array.from({ length }, () => anyInstruction(random));
  const last = random.chance(50) ? instruction(0x16) : instruction(0x06, answer(random));
  return [...random.chance(80) ? stores : [], ...made, ...random.chance(95) ? [last] : []];
}

const CODES: readonly number[] = [
  ...Object.values(OTHER_CODES),
  ...Object.values(ARITHMETIC).map((operation) => CODE_PARTS.arithmetic | operation),
  ...Object.values(JUMPS).map((operation) => CODE_PARTS.jump | operation),
];

function anyInstruction(random: Random): ClassicInstruction {
  if (random.chance(1)) return instruction(random.below(2 ** 16), answer(random));
  const code = CODES[random.below(CODES.length)] ?? 0;
  const x = random.chance(10) ? CODE_PARTS.x : 0;
  return instruction(code | x, constant(code, random), random.below(3), random.below(3));
}

function constant(code: number, random: Random): number {
  if (random.chance(3)) return answer(random);
  switch (code) {
    case OTHER_CODES.load:
      return 4 * random.below(seccompData.size / 4);
    case OTHER_CODES.store:
    case OTHER_CODES.storeX:
    case OTHER_CODES.loadMemory:
    case OTHER_CODES.loadMemoryX:
      return random.below(STORED);
    case CODE_PARTS.jump | JUMPS.ja:
      return random.below(3);
    default:
      return random.chance(70) ? 1 + random.below(31) : answer(random);
  }
}

function answer(random: Random): number {
  const actions = [0x7fff0000, 0x7fc00000, 0x00050001, 0x80000000, 0] as const;
  return random.chance(70) ? random.pick([...actions]) : random.below(2 ** 32);
}

function faultOf(
  { base64, hasAgent }: RawFilterInput,
  read: ReadFilter,
  ends: Ends,
): Fault | null {
  const raw = { base64, origin: "/annotations/x", flags: null, listener: null };
  try {
    const taken = decodeClassic(read(raw, hasAgent));
    ends.add("accepted");
    const random = new Random(taken.length);
    for (let i = 0; i < 20; i++) {
      const words = Uint32Array.from(
        { length: seccompData.size / 4 },
        () => random.below(2 ** random.below(33)),
      );
      interpretClassic(taken, words);
    }
    return null;
  } catch (thrown) {
    ends.add("refused");
    const { text, stack } = failureOf(thrown);
    if (thrown instanceof SpecError) return messageFault(text, base64);
    return { rule: "internal error", text: `${text} ${stack ?? ""}` };
  }
}

/** Without one instruction or another; pieces of what is no program. */
function* smallerPrograms(base64: string): Iterable<string> {
  let whole: ClassicInstruction[];
  try {
    whole = decodeClassic(Uint8Array.fromBase64(base64));
  } catch {
    return yield* smallerTexts(base64);
  }
  for (const i of whole.keys()) yield rawFilter(whole.toSpliced(i, 1));
}
