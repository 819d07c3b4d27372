import { assertEquals, assertThrows } from "@std/assert";
import { encodeHex } from "tests/support/hex.ts";
import type { CodeLabel } from "syscalls/native/code_buffer.ts";
import { AssemblerAarch64, LR, SP, x, XZR } from "syscalls/native/assembler_aarch64.ts";

type Emit = (a: AssemblerAarch64) => void;

/** What GNU as (binutils 2.40) makes of each instruction. */
const INSTRUCTIONS: readonly (readonly [text: string, bytes: string, emit: Emit])[] = [
  ["mov x0, #5", "a00080d2", (a) => a.mov(x(0), 5n)],
  ["mov x1, #0", "010080d2", (a) => a.mov(x(1), 0n)],
  ["mov x2, #-1", "02008092", (a) => a.mov(x(2), -1n)],
  ["mov x3, #-100", "630c8092", (a) => a.mov(x(3), -100n)],
  ["movz x4, #0x1234, lsl #16", "8446a2d2", (a) => a.mov(x(4), 0x12340000n)],
  ["movz x5, #0x1, lsl #48", "2500e0d2", (a) => a.mov(x(5), 1n << 48n)],
  [
    "movz x6, #0x5678; movk x6, #0x1234, lsl #16",
    "06cf8ad28646a2f2",
    (a) => a.mov(x(6), 0x12345678n),
  ],
  [
    "movz x7, #0xdef0; movk x7, #0x9abc, lsl #16; movk x7, #0x5678, lsl #32; movk x7, #0x1234, lsl #48",
    "07de9bd28757b3f207cfcaf28746e2f2",
    (a) => a.mov(x(7), 0x123456789abcdef0n),
  ],
  ["movn x8, #0xffff, lsl #16", "e8ffbf92", (a) => a.mov(x(8), 0xffffffff0000ffffn)],
  [
    "movn x9, #0x1233; movk x9, #0x5678, lsl #32",
    "6946829209cfcaf2",
    (a) => a.mov(x(9), 0xffff5678ffffedccn),
  ],
  ["mov x0, x19", "e00313aa", (a) => a.mov(x(0), x(19))],
  ["mov x0, sp", "e0030091", (a) => a.mov(x(0), SP)],
  ["mov sp, x1", "3f000091", (a) => a.mov(SP, x(1))],
  ["mov x0, xzr", "e0031faa", (a) => a.mov(x(0), XZR)],
  ["add x0, x1, #16", "20400091", (a) => a.add(x(0), x(1), 16n)],
  ["add x0, x1, #0x10, lsl #12", "20404091", (a) => a.add(x(0), x(1), 0x10000n)],
  ["sub x0, x1, #8", "202000d1", (a) => a.add(x(0), x(1), -8n)],
  ["add x0, sp, #8", "e0230091", (a) => a.add(x(0), SP, 8n)],
  ["sub sp, sp, #4095", "ffff3fd1", (a) => a.sub(SP, SP, 4095n)],
  ["add x0, x1, x2", "2000028b", (a) => a.add(x(0), x(1), x(2))],
  ["add x0, x1, x2, lsl #3", "200c028b", (a) => a.add(x(0), x(1), x(2), 3)],
  ["add x0, sp, x2, lsl #3", "e06f228b", (a) => a.add(x(0), SP, x(2), 3)],
  ["sub x0, x1, x30", "20001ecb", (a) => a.sub(x(0), x(1), LR)],
  ["sub sp, x1, x2", "3f6022cb", (a) => a.sub(SP, x(1), x(2))],
  ["add x3, x4, #1", "83040091", (a) => a.sub(x(3), x(4), -1n)],
  ["cmp x0, #0", "1f0000f1", (a) => a.cmp(x(0), 0n)],
  ["cmn x0, #4095", "1ffc3fb1", (a) => a.cmp(x(0), -4095n)],
  ["cmp x0, x9", "1f0009eb", (a) => a.cmp(x(0), x(9))],
  ["cmp sp, #16", "ff4300f1", (a) => a.cmp(SP, 16n)],
  ["and x0, x1, x2", "2000028a", (a) => a.and(x(0), x(1), x(2))],
  ["orr x0, x1, x2", "200002aa", (a) => a.orr(x(0), x(1), x(2))],
  ["eor x0, x1, x2", "200002ca", (a) => a.eor(x(0), x(1), x(2))],
  ["tst x0, x1", "1f0001ea", (a) => a.tst(x(0), x(1))],
  ["neg x0, x1", "e00301cb", (a) => a.neg(x(0), x(1))],
  ["mul x0, x1, x2", "207c029b", (a) => a.mul(x(0), x(1), x(2))],
  ["udiv x0, x1, x2", "2008c29a", (a) => a.udiv(x(0), x(1), x(2))],
  ["msub x0, x1, x2, x3", "208c029b", (a) => a.msub(x(0), x(1), x(2), x(3))],
  ["lsl x0, x1, #3", "20f07dd3", (a) => a.lsl(x(0), x(1), 3)],
  ["lsr x0, x1, #32", "20fc60d3", (a) => a.lsr(x(0), x(1), 32)],
  ["ldr x0, [x1]", "200040f9", (a) => a.ldr(x(0), x(1))],
  ["ldr x0, [sp, #8]", "e00740f9", (a) => a.ldr(x(0), SP, 8)],
  ["ldr x0, [x1, #32760]", "20fc7ff9", (a) => a.ldr(x(0), x(1), 32760)],
  ["ldur x0, [x1, #-8]", "20805ff8", (a) => a.ldr(x(0), x(1), -8)],
  ["ldur x0, [x1, #3]", "203040f8", (a) => a.ldr(x(0), x(1), 3)],
  ["ldr w0, [x1, #4]", "200440b9", (a) => a.ldr(x(0), x(1), 4, 32)],
  ["ldrh w0, [x1, #2]", "20044079", (a) => a.ldr(x(0), x(1), 2, 16)],
  ["ldrb w0, [x1, #1]", "20044039", (a) => a.ldrb(x(0), x(1), 1)],
  ["str x0, [x1, #8]", "200400f9", (a) => a.str(x(0), x(1), 8)],
  ["str xzr, [x1]", "3f0000f9", (a) => a.str(XZR, x(1))],
  ["str w0, [x1, #4]", "200400b9", (a) => a.str(x(0), x(1), 4, 32)],
  ["strh w0, [x1]", "20000079", (a) => a.str(x(0), x(1), 0, 16)],
  ["strb w0, [x1, #1]", "20040039", (a) => a.strb(x(0), x(1), 1)],
  ["ldr x0, [x1], #8", "208440f8", (a) => a.ldrPost(x(0), x(1), 8)],
  ["ldrb w0, [x1], #1", "20144038", (a) => a.ldrPost(x(0), x(1), 1, 8)],
  ["str x0, [sp], #-16", "e0071ff8", (a) => a.strPost(x(0), SP, -16)],
  ["strb w0, [x1], #1", "20140038", (a) => a.strPost(x(0), x(1), 1, 8)],
  ["ldr w0, [x1], #4", "204440b8", (a) => a.ldrPost(x(0), x(1), 4, 32)],
  ["ldr x0, [x1, x2, lsl #3]", "207862f8", (a) => a.ldrIndexed(x(0), x(1), x(2))],
  ["ldrb w0, [x1, x2]", "20686238", (a) => a.ldrIndexed(x(0), x(1), x(2), 8)],
  ["str w0, [x1, x2, lsl #2]", "207822b8", (a) => a.strIndexed(x(0), x(1), x(2), 32)],
  ["adr x3, .-3", "e3ffff30", (a) => a.adrDistance(x(3), -3)],
  ["br x16", "00021fd6", (a) => a.br(x(16))],
  ["blr x16", "00023fd6", (a) => a.blr(x(16))],
  ["ret", "c0035fd6", (a) => a.ret()],
  ["svc #0", "010000d4", (a) => a.svc()],
  ["brk #0", "000020d4", (a) => a.brk()],
];

Deno.test("each aarch64 instruction has the bytes that GNU as gives it", () => {
  for (const [text, bytes, emit] of INSTRUCTIONS) {
    const a = new AssemblerAarch64();
    emit(a);
    assertEquals(encodeHex(a.finish(0)), bytes, text);
  }
});

Deno.test("branches and addresses reach their labels in both directions", () => {
  const a = new AssemblerAarch64();
  const labels = Array.from({ length: 8 }, () => a.label());
  const at = (n: number): CodeLabel => labels[n] ?? a.label();
  const instructions: Emit[] = [
    (a) => a.b(at(3)),
    (a) => a.bCond("eq", at(0)),
    (a) => a.bl(at(2)),
    (a) => a.adr(x(0), at(0)),
    (a) => a.cbz(x(1), at(6)),
    (a) => a.cbnz(x(2), at(1)),
    (a) => a.bCond("gt", at(6)),
  ];
  for (const [index, emit] of instructions.entries()) {
    a.place(at(index));
    emit(a);
  }
  assertEquals(
    encodeHex(a.finish(0x400000)),
    "03000014e0ffff5400000094a0ffff10410000b482ffffb50c000054",
  );
});

Deno.test("adrp and add reach a label pages away", () => {
  const a = new AssemblerAarch64();
  const far = a.label();
  a.adrpAdd(x(3), far);
  a.align(0x2000);
  a.u32(0);
  a.place(far);
  // From 0x400ff0 to 0x402ff4: page +2, offset 0xff4.
  assertEquals(encodeHex(a.finish(0x400ff0).slice(0, 8)), "030000d063d03f91");
});

Deno.test("what does not fit an instruction is refused", () => {
  const a = new AssemblerAarch64();
  assertThrows(() => a.add(x(0), x(0), 4097n), RangeError, "more than 12 bits");
  assertThrows(() => a.ldr(x(0), x(1), 32768), RangeError, "Cannot encode offset 32768");
  assertThrows(() => a.mul(x(0), SP, x(1)), RangeError, "sp is not allowed here");
  assertThrows(() => a.ldr(x(0), XZR), RangeError, "xzr is not allowed here");
  const far = a.label();
  a.cbz(x(0), far);
  a.data(new Uint8Array(2 ** 20));
  a.place(far);
  assertThrows(() => a.finish(0), RangeError, "Cannot encode branch");
});
