import { assertEquals, assertThrows } from "@std/assert";
import { flagFamily } from "syscalls/abi/flags.ts";
import { ProgramBuilder } from "syscalls/native/builder.ts";
import { type DataId, type Slot, textOf } from "syscalls/native/program.ts";

const NOTE = { label: "try", origin: "" };

Deno.test("equal strings share their bytes, and end in NUL", () => {
  const b = new ProgramBuilder(3);
  assertEquals(b.cString("/proc"), b.cString("/proc"));
  b.cString("other");
  assertEquals(b.build().data.map((data) => data.bytes.length), [6, 6]);
  assertThrows(() => b.cString("a\0"), RangeError, "NUL at index 1");
});

Deno.test("a table of pointers has one hole for each entry and a NULL after them", () => {
  const b = new ProgramBuilder(3);
  const argv = b.pointers([b.cString("sh"), b.cString("-c"), b.cString("sh")]);
  assertEquals(textOf(argv), '["sh", "-c", "sh"]');
  const table = b.build().data[2];
  assertEquals(table?.bytes.length, 32);
  assertEquals(table?.pointers.map(({ offset, to }) => [offset, Number(to)]), [[0, 0], [8, 1], [
    16,
    0,
  ]]);
  assertThrows(() => b.pointers([b.immediate(1)]), TypeError, "no data");
});

Deno.test("a call belongs to the step begun last unless it names another", () => {
  const b = new ProgramBuilder(3);
  assertThrows(() => b.call("getpid", []), RangeError, "there is no step -1");
  const first = b.step(NOTE);
  b.step(NOTE);
  b.call("getpid", []);
  b.call("getpid", [], { step: first });
  const steps = b.build().instructions.map((i) => i.kind === "call" ? i.step : undefined);
  assertEquals(steps, [1, 0]);
});

Deno.test("branches go forward to a label that is placed once", () => {
  const b = new ProgramBuilder(3);
  b.step(NOTE);
  const label = b.label();
  b.branch({ when: { kind: "failed" }, to: label });
  assertThrows(() => b.build(), RangeError, "label 0 is not placed");
  b.place(label);
  assertThrows(() => b.place(label), RangeError, "has been placed");
  assertThrows(() => b.jump(label), RangeError, "it is behind");
  b.build();
});

Deno.test("operands of another program, seven arguments and fields outside a slot are refused", () => {
  const b = new ProgramBuilder(3);
  b.step(NOTE);
  const one = b.immediate(1);
  assertThrows(() => b.call("read", [{ kind: "data", data: 9 as DataId }]), RangeError, "data 9");
  assertThrows(() => b.set(9 as Slot, one), RangeError, "slot 9");
  assertThrows(() => b.call("read", Array(7).fill(one)), RangeError, "7 arguments");
  const slot = b.slot(16);
  b.call("read", [b.field(slot, 8)]);
  assertThrows(() => b.call("read", [b.field(slot, 16)]), RangeError, "no 8 bytes at 16");
  assertThrows(() => b.call("read", [b.field(slot, 4)]), RangeError, "no 8 bytes at 4");
  assertThrows(() => b.slot(12), RangeError, "no multiple of 8");
});

Deno.test("flags carry their names for the listing", () => {
  const b = new ProgramBuilder(3);
  const family = flagFamily("X", { X_A: 1n, X_B: 2n });
  const operand = b.flags(family, family.of("X_A", "X_B"));
  assertEquals(operand.kind === "immediate" ? operand.value : undefined, 3n);
  assertEquals(textOf(operand), "X_A|X_B");
});
