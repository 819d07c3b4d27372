import { assertEquals, assertThrows } from "@std/assert";
import { encodeHex } from "tests/support/hex.ts";
import type { CodeLabel } from "syscalls/native/code_buffer.ts";
import {
  AssemblerX8664,
  R10,
  R11,
  R12,
  R13,
  R14,
  R15,
  R8,
  R9,
  RAX,
  RBP,
  RBX,
  RCX,
  RDI,
  RDX,
  RSI,
  RSP,
} from "syscalls/native/assembler_x86_64.ts";

type Emit = (a: AssemblerX8664) => void;

/** What GNU as (binutils 2.40) makes of each instruction. */
const INSTRUCTIONS: readonly (readonly [text: string, bytes: string, emit: Emit])[] = [
  ["mov eax, 5", "b805000000", (a) => a.mov(RAX, 5n)],
  ["mov r9d, 0xffffffff", "41b9ffffffff", (a) => a.mov(R9, 0xffffffffn)],
  ["mov rdi, -1", "48c7c7ffffffff", (a) => a.mov(RDI, -1n)],
  ["mov r12, -0x80000000", "49c7c400000080", (a) => a.mov(R12, -0x80000000n)],
  [
    "movabs rsi, 0x123456789abcdef0",
    "48bef0debc9a78563412",
    (a) => a.mov(RSI, 0x123456789abcdef0n),
  ],
  ["movabs r15, 0x100000000", "49bf0000000001000000", (a) => a.mov(R15, 0x100000000n)],
  ["mov rdi, rbx", "4889df", (a) => a.mov(RDI, RBX)],
  ["mov r8, rax", "4989c0", (a) => a.mov(R8, RAX)],
  ["mov rsp, r12", "4c89e4", (a) => a.mov(RSP, R12)],
  ["xor edi, edi", "31ff", (a) => a.zero(RDI)],
  ["xor r10d, r10d", "4531d2", (a) => a.zero(R10)],
  ["mov rax, [rbx]", "488b03", (a) => a.load(RAX, { base: RBX })],
  ["mov r8, [rsp]", "4c8b0424", (a) => a.load(R8, { base: RSP })],
  ["mov rax, [rbp+0]", "488b4500", (a) => a.load(RAX, { base: RBP })],
  ["mov rax, [r13+0]", "498b4500", (a) => a.load(RAX, { base: R13 })],
  ["mov rdx, [r12+8]", "498b542408", (a) => a.load(RDX, { base: R12, disp: 8 })],
  ["mov rdx, [rsi-128]", "488b5680", (a) => a.load(RDX, { base: RSI, disp: -128 })],
  ["mov rdx, [rsi+128]", "488b9680000000", (a) => a.load(RDX, { base: RSI, disp: 128 })],
  ["mov ecx, [rdi+4]", "8b4f04", (a) => a.load(RCX, { base: RDI, disp: 4 }, 32)],
  ["movzx r9d, word ptr [rdi+4]", "440fb74f04", (a) => a.load(R9, { base: RDI, disp: 4 }, 16)],
  ["movzx esi, byte ptr [r15+1]", "410fb67701", (a) => a.load(RSI, { base: R15, disp: 1 }, 8)],
  [
    "mov rax, [rdi+rcx*8+16]",
    "488b44cf10",
    (a) => a.load(RAX, { base: RDI, index: RCX, scale: 8, disp: 16 }),
  ],
  ["mov rax, [r13+r12*4+0]", "4b8b44a500", (a) => a.load(RAX, { base: R13, index: R12, scale: 4 })],
  ["mov rax, ds:[0x400100]", "488b042500014000", (a) => a.load(RAX, { address: 0x400100 })],
  ["mov ds:[0x400100], r11", "4c891c2500014000", (a) => a.store({ address: 0x400100 }, R11)],
  ["mov [rbx+8], rax", "48894308", (a) => a.store({ base: RBX, disp: 8 }, RAX)],
  ["mov [rbx+8], r10d", "44895308", (a) => a.store({ base: RBX, disp: 8 }, R10, 32)],
  ["mov [rbx+8], dx", "66895308", (a) => a.store({ base: RBX, disp: 8 }, RDX, 16)],
  ["mov [rbx+8], r9w", "6644894b08", (a) => a.store({ base: RBX, disp: 8 }, R9, 16)],
  ["mov [rbx], al", "8803", (a) => a.store({ base: RBX }, RAX, 8)],
  ["mov [rbx], sil", "408833", (a) => a.store({ base: RBX }, RSI, 8)],
  ["mov [r8], r9b", "458808", (a) => a.store({ base: R8 }, R9, 8)],
  [
    "mov byte ptr [rdi+1], 0x2d",
    "c647012d",
    (a) => a.storeImmediate({ base: RDI, disp: 1 }, 0x2d, 8),
  ],
  ["mov word ptr [rdi], 0x1234", "66c7073412", (a) => a.storeImmediate({ base: RDI }, 0x1234, 16)],
  ["mov dword ptr [r9], 7", "41c70107000000", (a) => a.storeImmediate({ base: R9 }, 7, 32)],
  [
    "mov qword ptr [rsp+8], -1",
    "48c7442408ffffffff",
    (a) => a.storeImmediate({ base: RSP, disp: 8 }, -1, 64),
  ],
  ["lea rdi, [rsp+0x200]", "488dbc2400020000", (a) => a.lea(RDI, { base: RSP, disp: 0x200 })],
  [
    "lea rbx, [rsp+rdi*8+16]",
    "488d5cfc10",
    (a) => a.lea(RBX, { base: RSP, index: RDI, scale: 8, disp: 16 }),
  ],
  ["lea r14, [rax+r8*1-4]", "4e8d7400fc", (a) => a.lea(R14, { base: RAX, index: R8, disp: -4 })],
  ["add rdi, r9", "4c01cf", (a) => a.add(RDI, R9)],
  ["add r10, 8", "4983c208", (a) => a.add(R10, 8n)],
  ["add rcx, -4096", "4881c100f0ffff", (a) => a.add(RCX, -4096n)],
  ["or rdi, r9", "4c09cf", (a) => a.or(RDI, R9)],
  ["or r10, 8", "4983ca08", (a) => a.or(R10, 8n)],
  ["or rcx, -4096", "4881c900f0ffff", (a) => a.or(RCX, -4096n)],
  ["and rdi, r9", "4c21cf", (a) => a.and(RDI, R9)],
  ["and r10, 8", "4983e208", (a) => a.and(R10, 8n)],
  ["and rcx, -4096", "4881e100f0ffff", (a) => a.and(RCX, -4096n)],
  ["sub rdi, r9", "4c29cf", (a) => a.sub(RDI, R9)],
  ["sub r10, 8", "4983ea08", (a) => a.sub(R10, 8n)],
  ["sub rcx, -4096", "4881e900f0ffff", (a) => a.sub(RCX, -4096n)],
  ["xor rdi, r9", "4c31cf", (a) => a.xor(RDI, R9)],
  ["xor r10, 8", "4983f208", (a) => a.xor(R10, 8n)],
  ["xor rcx, -4096", "4881f100f0ffff", (a) => a.xor(RCX, -4096n)],
  ["cmp rdi, r9", "4c39cf", (a) => a.cmp(RDI, R9)],
  ["cmp r10, 8", "4983fa08", (a) => a.cmp(R10, 8n)],
  ["cmp rcx, -4096", "4881f900f0ffff", (a) => a.cmp(RCX, -4096n)],
  ["cmp byte ptr [rdi+3], 0x6e", "807f036e", (a) => a.cmpByte({ base: RDI, disp: 3 }, 0x6e)],
  ["test rax, rax", "4885c0", (a) => a.test(RAX, RAX)],
  ["test r8, rdx", "4985d0", (a) => a.test(R8, RDX)],
  ["test rcx, 0x10", "48f7c110000000", (a) => a.test(RCX, 0x10n)],
  ["inc r8", "49ffc0", (a) => a.inc(R8)],
  ["dec rax", "48ffc8", (a) => a.dec(RAX)],
  ["neg rax", "48f7d8", (a) => a.neg(RAX)],
  ["not r11", "49f7d3", (a) => a.not(R11)],
  ["div rcx", "48f7f1", (a) => a.div(RCX)],
  ["div r9", "49f7f1", (a) => a.div(R9)],
  ["mul r9", "49f7e1", (a) => a.mul(R9)],
  ["shl rax, 3", "48c1e003", (a) => a.shl(RAX, 3)],
  ["shr r15, 32", "49c1ef20", (a) => a.shr(R15, 32)],
  ["push rbx", "53", (a) => a.push(RBX)],
  ["push r12", "4154", (a) => a.push(R12)],
  ["pop rdi", "5f", (a) => a.pop(RDI)],
  ["pop r9", "4159", (a) => a.pop(R9)],
  ["jmp rax", "ffe0", (a) => a.jmpRegister(RAX)],
  ["jmp r11", "41ffe3", (a) => a.jmpRegister(R11)],
  ["call rdx", "ffd2", (a) => a.callRegister(RDX)],
  ["call r12", "41ffd4", (a) => a.callRegister(R12)],
  ["ret", "c3", (a) => a.ret()],
  ["syscall", "0f05", (a) => a.syscall()],
  ["ud2", "0f0b", (a) => a.ud2()],
];

Deno.test("each x86-64 instruction has the bytes that GNU as gives it", () => {
  for (const [text, bytes, emit] of INSTRUCTIONS) {
    const a = new AssemblerX8664();
    emit(a);
    assertEquals(encodeHex(a.finish(0)), bytes, text);
  }
});

Deno.test("jumps, calls and addresses reach their labels in both directions", () => {
  const a = new AssemblerX8664();
  const labels = Array.from({ length: 9 }, () => a.label());
  const at = (n: number): CodeLabel => labels[n] ?? a.label();
  const instructions: Emit[] = [
    (a) => a.jmp(at(3)),
    (a) => a.jcc("e", at(0)),
    (a) => a.call(at(2)),
    (a) => a.lea(RAX, { label: at(0) }),
    (a) => a.load(RCX, { label: at(5) }),
    (a) => a.storeImmediate({ label: at(0) }, 7, 32),
    (a) => a.cmpByte({ label: at(1) }, 1),
    (a) => a.jcc("g", at(6)),
  ];
  for (const [index, emit] of instructions.entries()) {
    a.place(at(index));
    emit(a);
  }
  assertEquals(
    encodeHex(a.finish(0x400000)),
    // GNU as would take the two-byte forms of the jumps; these are the long ones of the same distance.
    "e90b0000000f84f5ffffffe8fbffffff488d05e9ffffff488b0d00000000c705d8ffffff07000000803dd6ffffff010f8ff3ffffff",
  );
});

Deno.test("data follows code: numbers, text, padding and the address of a label", () => {
  const a = new AssemblerX8664();
  const text = a.label();
  a.ret();
  a.align(4);
  a.u32(-2);
  a.place(text);
  a.asciz("hi");
  a.data(Uint8Array.of(1, 2));
  a.address(text);
  assertEquals(
    encodeHex(a.finish(0x7000_0000_1000)),
    "c3000000" + "feffffff" + "686900" + "0102" + "0810000000700000",
  );
  assertEquals(a.offsetOf(text), 8);
});

Deno.test("a label that is never placed, or placed twice, is refused", () => {
  const a = new AssemblerX8664();
  const label = a.label();
  a.jmp(label);
  assertThrows(() => a.finish(0), RangeError, "it is not placed");
  a.place(label);
  assertThrows(() => a.place(label), RangeError, "has been placed");
});

Deno.test("an immediate of more than 32 bits is refused where only 32 fit", () => {
  const a = new AssemblerX8664();
  assertThrows(() => a.add(RAX, 0x80000000n), RangeError, "more than 32 bits");
  assertThrows(() => a.load(RAX, { address: 2 ** 31 }), RangeError, "more than 32 bits");
});
