import { assert, assertEquals, assertThrows } from "@std/assert";
import { ProgramBuilder } from "syscalls/native/builder.ts";
import { layOut } from "syscalls/native/layout.ts";
import { link } from "syscalls/native/link.ts";
import type { DataId, Program } from "syscalls/native/program.ts";

interface Segment {
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly address: number;
  readonly fileSize: number;
  readonly memorySize: number;
  readonly align: number;
}

const PT_LOAD = 1;
const PT_GNU_STACK = 0x6474e551;
const [X, W, R] = [1, 2, 4];

function segmentsOf(file: Uint8Array): readonly Segment[] {
  const view = new DataView(file.buffer);
  const word = (at: number): number => Number(view.getBigUint64(at, true));
  return Array.from({ length: view.getUint16(56, true) }, (_, index) => {
    const at = word(32) + 56 * index;
    return {
      type: view.getUint32(at, true),
      flags: view.getUint32(at + 4, true),
      offset: word(at + 8),
      address: word(at + 16),
      fileSize: word(at + 32),
      memorySize: word(at + 40),
      align: word(at + 48),
    };
  });
}

function mountProgram(calls: number): Program {
  const b = new ProgramBuilder(3);
  b.step({ label: "many", origin: "" });
  for (let i = 0; i < calls; i++) {
    const [zero, flags] = [b.immediate(0), b.immediate(4096 + i)];
    const forgive = i % 5 === 0 ? [2] : [];
    const [source, target] = [b.cString(`/some/path/${i}`), b.cString("/x")];
    b.call("mount", [source, target, zero, flags, zero], { forgive });
  }
  b.exit(0);
  return b.build();
}

for (const [arch, machine, page] of [["x86_64", 62, 0x1000], ["aarch64", 183, 0x10000]] as const) {
  Deno.test(`the ${arch} executable has no segment that is both writable and executable`, () => {
    const file = link(mountProgram(3), arch);
    const view = new DataView(file.buffer);
    assertEquals(view.getUint32(0), 0x7f454c46);
    assertEquals([view.getUint16(16, true), view.getUint16(18, true)], [2, machine]);
    const segments = segmentsOf(file);
    assertEquals(segments.map(({ type, flags }) => [type, flags]), [
      [PT_LOAD, R],
      [PT_LOAD, R | X],
      [PT_LOAD, R | W],
      [PT_GNU_STACK, R | W],
    ]);
    const entry = Number(view.getBigUint64(24, true));
    const code = segments[1];
    assert(code !== undefined && entry >= code.address && entry < code.address + code.fileSize);
  });

  Deno.test(`segments of the ${arch} executable can be mapped by pages of ${page} bytes`, () => {
    const program = mountProgram(3);
    const segments = segmentsOf(link(program, arch)).filter(({ type }) => type === PT_LOAD);
    let end = 0;
    for (const { offset, address, memorySize, align } of segments) {
      assertEquals(align, page);
      assertEquals(address % page, offset % page, "the file's page is not the memory's");
      assert(Math.floor(address / page) >= Math.ceil(end / page), "two segments share a page");
      end = address + memorySize;
    }
    assertEquals(segments[2]?.fileSize, 0);
  });

  Deno.test(`500 calls fit 50 KB on ${arch}`, () => {
    const { length } = link(mountProgram(500), arch);
    assert(length < 50_000, `${length} bytes`);
  });
}

Deno.test("a table of pointers holds the addresses that its strings have", () => {
  const b = new ProgramBuilder(3);
  b.step({ label: "exec", origin: "" });
  b.call("execve", [b.cString("/x"), b.pointers([b.cString("one"), b.cString("two")])]);
  const program = b.build();
  const file = link(program, "x86_64");
  const view = new DataView(file.buffer);
  const layout = layOut(program, "x86_64");
  const offsetOf = (data: number): number => (layout.data[data] ?? 0) - layout.readOnly;
  const table = offsetOf(3);
  assertEquals(table % 8, 0);
  const texts = [0, 8].map((at) => {
    const offset = Number(view.getBigUint64(table + at, true)) - layout.readOnly;
    return new TextDecoder().decode(file.subarray(offset, offset + 4));
  });
  assertEquals(texts, ["one\0", "two\0"]);
  assertEquals(view.getBigUint64(table + 16, true), 0n);
});

Deno.test("a slot has all of its bytes for itself, and so has the report that is being sent", () => {
  const b = new ProgramBuilder(3);
  const sizes = [8, 64, 8, 16].map((size) => [Number(b.slot(size)), size] as const);
  const { slots, scratch, writable, writableSize } = layOut(b.build(), "x86_64");
  const places = sizes.map(([slot, size]) => [slots[slot] ?? 0, size] as const);
  places.push([scratch, 16], [slots[b.reportFd] ?? 0, 8]);
  places.sort((one, other) => one[0] - other[0]);
  let end = writable;
  for (const [address, size] of places) {
    assert(address >= end, `${address} overlaps`);
    end = address + size;
  }
  assertEquals(end, writable + writableSize);
});

Deno.test("a pointer to data that the program does not have is refused", () => {
  const pointers = [{ offset: 0, to: 9 as DataId }];
  const program: Program = {
    ...mountProgram(0),
    data: [{ bytes: new Uint8Array(8), align: 8, pointers }],
  };
  assertThrows(() => link(program, "x86_64"), RangeError, "Cannot point at data 9");
});

Deno.test("the initial descriptor of the reports is in the code, so that the memory starts as zeros", () => {
  const b = new ProgramBuilder(77);
  b.exit(0);
  const file = link(b.build(), "x86_64");
  // mov rax, 77
  const hex = Array.from(file, (byte) => byte.toString(16).padStart(2, "0")).join("");
  assert(hex.includes("48c7c04d000000"));
});
