import { assert, assertEquals } from "@std/assert";
import { seccompFault } from "syscalls/bpf/check_classic.ts";
import { decodeClassic } from "syscalls/bpf/classic.ts";
import { interpretClassic } from "syscalls/bpf/interpret_classic.ts";
import { possibleAnswers } from "syscalls/bpf/possible_answers.ts";
import { rawFilterKind } from "tests/fuzz/raw_filter_kind.ts";
import { randomOf } from "tests/fuzz/kind.ts";
import { instruction } from "tests/support/raw_filter.ts";

const SIZE = 64;

function answers(
  data: readonly (readonly [number, number])[],
  ...program: Parameters<typeof possibleAnswers>[0]
): (number | null)[] {
  return [...possibleAnswers(program, new Map(data), SIZE)].sort();
}

Deno.test("known words decide jumps, the others leave both ways open", () => {
  const program = [
    instruction(0x20, 0),
    instruction(0x15, 7, 0, 3),
    instruction(0x20, 16),
    instruction(0x25, 9, 0, 1),
    instruction(0x06, 1),
    instruction(0x06, 2),
  ];
  assertEquals(answers([[0, 7]], ...program), [1, 2]);
  assertEquals(answers([[0, 8]], ...program), [2]);
  assertEquals(answers([[0, 7], [16, 10]], ...program), [1]);
  assertEquals(answers([], ...program), [1, 2]);
});

Deno.test("an answer that is worked out of unknown words may be any, one out of constants is known", () => {
  assertEquals(answers([], instruction(0x20, 16), instruction(0x04, 1), instruction(0x16)), [null]);
  const constants = [instruction(0x00, 5), instruction(0x01, 3), instruction(0x2c)];
  assertEquals(answers([], ...constants, instruction(0x16)), [15]);
});

Deno.test("a division by what is not known may end the program", () => {
  const program = [instruction(0x20, 16), instruction(0x07), instruction(0x3c)];
  assertEquals(answers([], ...program, instruction(0x06, 9)), [0, 9]);
});

Deno.test("what a filter answers is among what it may answer", () => {
  const kind = rawFilterKind();
  let seen = 0;
  for (let i = 0; i < 3000; i++) {
    const random = randomOf("possible", 1, i);
    const program = programOf(kind.generate(random).base64);
    if (program === null) continue;
    seen++;
    const known = new Map([[0, 1], [4, 0xc000003e]]);
    const possible = possibleAnswers(program, known, SIZE);
    const words = Uint32Array.from({ length: SIZE / 4 }, () => random.below(2 ** random.below(33)));
    words.set([1, 0xc000003e]);
    const { answer } = interpretClassic(program, words);
    assert(possible.has(answer) || possible.has(null), `case ${i}: ${answer}`);
  }
  assert(seen > 500, `${seen} programs`);
});

/** Null for what the kernel would not take. */
function programOf(base64: string): ReturnType<typeof decodeClassic> | null {
  try {
    const program = decodeClassic(Uint8Array.fromBase64(base64));
    return seccompFault(program) === null ? program : null;
  } catch {
    return null;
  }
}
