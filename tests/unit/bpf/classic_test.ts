import { assertEquals, assertThrows } from "@std/assert";
import { CLASSIC, CLASSIC_SIZE, ClassicBuilder, decodeClassic } from "syscalls/bpf/classic.ts";
import { interpretClassic } from "syscalls/bpf/interpret_classic.ts";
import { instruction } from "tests/support/raw_filter.ts";

const WORDS = (first: number): Uint32Array => new Uint32Array([first, 0, 0, 0]);

Deno.test("an instruction is a struct sock_filter: code, two jumps, constant", () => {
  const builder = new ClassicBuilder();
  const test = builder.when("jumpIfEqual", 0x11223344, { answer: 1 }, { answer: 2 });
  const program = builder.finish(builder.load(4, test));
  assertEquals([...program], [
    ...[0x20, 0, 0, 0, 4, 0, 0, 0],
    ...[0x15, 0, 1, 0, 0x44, 0x33, 0x22, 0x11],
    ...[0x06, 0, 0, 0, 2, 0, 0, 0],
    ...[0x06, 0, 0, 0, 1, 0, 0, 0],
  ]);
});

Deno.test("a question whose answers are the same is not asked", () => {
  const builder = new ClassicBuilder();
  const start = builder.when("jumpIfAbove", 5, { answer: 7 }, { answer: 7 });
  assertEquals(decodeClassic(builder.finish(start)), [
    { code: CLASSIC.answer, jt: 0, jf: 0, k: 7 },
  ]);
});

Deno.test("jumps reach any distance, at most one instruction each is added on the way", () => {
  const builder = new ClassicBuilder();
  let next = builder.load(0, { answer: 0 });
  for (let k = 2000; k > 0; k--) {
    // Both ways lead far: one to what was written first, one to an answer of its own.
    next = builder.when("jumpIfEqual", k, { answer: k }, next);
  }
  const program = decodeClassic(builder.finish(builder.load(0, next)));
  for (const k of [1, 2, 255, 256, 257, 1000, 1999, 2000]) {
    assertEquals(interpretClassic(program, WORDS(k)).answer, k);
  }
  assertEquals(interpretClassic(program, WORDS(5000)).answer, 0);
});

Deno.test("a target that many jumps go to is bridged, and found from everywhere", () => {
  const builder = new ClassicBuilder();
  const shared = builder.load(4, builder.when("jumpIfEqual", 9, { answer: 1 }, { answer: 2 }));
  let next: ReturnType<ClassicBuilder["load"]> = { answer: 3 };
  for (let k = 3000; k > 0; k--) next = builder.when("jumpIfEqual", 2 * k, shared, next);
  const bytes = builder.finish(builder.load(0, next));
  const program = decodeClassic(bytes);
  assertEquals(bytes.length / CLASSIC_SIZE < 3000 + 40, true, "bridges are shared");
  for (const k of [2, 4, 512, 3000, 5998, 6000]) {
    assertEquals(interpretClassic(program, new Uint32Array([k, 9])).answer, 1, `${k}`);
    assertEquals(interpretClassic(program, new Uint32Array([k, 8])).answer, 2, `${k}`);
    assertEquals(interpretClassic(program, new Uint32Array([k + 1, 9])).answer, 3, `${k + 1}`);
  }
});

Deno.test("each comparison is unsigned", () => {
  const run = (comparison: Parameters<ClassicBuilder["when"]>[0], k: number, a: number): number => {
    const builder = new ClassicBuilder();
    const test = builder.when(comparison, k, { answer: 1 }, { answer: 0 });
    return interpretClassic(decodeClassic(builder.finish(builder.load(0, test))), WORDS(a)).answer;
  };
  assertEquals(run("jumpIfAbove", 0x7fffffff, 0x80000000), 1);
  assertEquals(run("jumpIfAbove", 0xffffffff, 0xffffffff), 0);
  assertEquals(run("jumpIfAtLeast", 0xffffffff, 0xffffffff), 1);
  assertEquals(run("jumpIfAnyBit", 0x80000000, 0xc0000000), 1);
  assertEquals(run("jumpIfAnyBit", 0x80000000, 0x40000000), 0);
  assertEquals(run("jumpIfEqual", 0xffffffff, 0xffffffff), 1);
});

Deno.test("the interpreter refuses what the kernel would not load", () => {
  const none = { jt: 0, jf: 0 };
  assertThrows(() => interpretClassic([], WORDS(0)), RangeError, "instruction 0");
  assertThrows(
    () => interpretClassic([{ ...none, code: CLASSIC.load, k: 16 }], WORDS(0)),
    RangeError,
    "outside",
  );
  assertThrows(
    () => interpretClassic([{ ...none, code: CLASSIC.load, k: 2 }], WORDS(0)),
    RangeError,
    "outside",
  );
  assertThrows(
    () => interpretClassic([{ ...none, code: 0x94, k: 1 }], WORDS(0)),
    RangeError,
    "0x94",
  );
});

/** What a program answers that begins with A = 5, X = 3 and has these codes, with these constants. */
function calculated(...codes: readonly (readonly [code: number, k?: number])[]): number {
  const program = [
    instruction(0x00, 5),
    instruction(0x01, 3),
    ...codes.map(([code, k]) => instruction(code, k)),
    instruction(0x16),
  ];
  return interpretClassic(program, WORDS(0)).answer;
}

Deno.test("arithmetic is that of 32 bits without a sign, with constants and with X", () => {
  assertEquals(calculated([0x04, 0xffffffff]), 4);
  assertEquals(calculated([0x1c], [0x14, 3]), 0xffffffff);
  assertEquals(calculated([0x24, 0x80000001]), 0x80000005);
  assertEquals(calculated([0x3c]), 1);
  assertEquals(calculated([0x00, 0xfffffffe], [0x34, 2]), 0x7fffffff);
  assertEquals(calculated([0x4c], [0x5c]), 3);
  assertEquals(calculated([0xac], [0xa4, 0x80000000]), 0x80000006);
  assertEquals(calculated([0x6c]), 40);
  assertEquals(calculated([0x00, 0x80000000], [0x7c]), 0x10000000);
  assertEquals(calculated([0x84]), 0xfffffffb);
});

Deno.test("a division by an X of 0 ends the program with answer 0", () => {
  assertEquals(calculated([0x01, 0], [0x3c], [0x00, 7]), 0);
});

Deno.test("A, X and the scratch memory exchange what they have, and know the length of the data", () => {
  assertEquals(calculated([0x02, 7], [0x00, 0], [0x60, 7]), 5);
  assertEquals(calculated([0x03, 8], [0x61, 8], [0x87]), 3);
  assertEquals(calculated([0x07], [0x00, 1], [0x0c]), 6);
  assertEquals(calculated([0x80]), 16);
  assertEquals(calculated([0x81], [0x87]), 16);
});
