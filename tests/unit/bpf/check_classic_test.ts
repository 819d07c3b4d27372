import { assertEquals } from "@std/assert";
import { seccompFault } from "syscalls/bpf/check_classic.ts";
import type { ClassicInstruction } from "syscalls/bpf/classic.ts";
import { instruction } from "tests/support/raw_filter.ts";

const ALLOW = instruction(0x06, 0x7fff0000);

function faultOf(...program: readonly ClassicInstruction[]): string | null {
  const fault = seccompFault(program);
  return fault === null ? null : `${fault.at}: ${fault.text}`;
}

/** As the kernel has answered (seccomp(2) on Linux 6.18), of all codes from 0 to 255 with 0 for the rest and an answer behind. */
const TAKEN = [
  ...[0x00, 0x01, 0x02, 0x03, 0x04, 0x06, 0x07, 0x0c, 0x14, 0x16, 0x1c, 0x20, 0x24, 0x2c, 0x3c],
  ...[0x05, 0x15, 0x1d, 0x25, 0x2d, 0x35, 0x3d, 0x45, 0x4d],
  ...[0x44, 0x4c, 0x54, 0x5c, 0x64, 0x6c, 0x74, 0x7c, 0x80, 0x81, 0x84, 0x87, 0xa4, 0xac],
];

Deno.test("a seccomp filter may have the codes that the kernel takes, and no others", () => {
  const taken = Array.from({ length: 0x200 }, (_, code) => code)
    .filter((code) => faultOf(instruction(code), ALLOW) === null);
  assertEquals(taken, TAKEN.toSorted((a, b) => a - b));
});

Deno.test("words are loaded where struct seccomp_data has them", () => {
  assertEquals(faultOf(instruction(0x20, 60), ALLOW), null);
  for (const k of [2, 64, 0xffffffff]) {
    assertEquals(
      faultOf(instruction(0x20, k), ALLOW),
      `0: it loads byte ${k}, where no word of struct seccomp_data is`,
    );
  }
});

Deno.test("a jump may not lead behind the end", () => {
  assertEquals(faultOf(instruction(0x05, 0), ALLOW), null);
  assertEquals(faultOf(instruction(0x15, 1, 0, 0), ALLOW), null);
  const behind = "0: it jumps behind the end";
  assertEquals(faultOf(instruction(0x05, 1), ALLOW), behind);
  assertEquals(faultOf(instruction(0x05, 0xffffffff), ALLOW), behind);
  assertEquals(faultOf(instruction(0x15, 1, 1, 0), ALLOW), behind);
  assertEquals(faultOf(instruction(0x1d, 1, 0, 1), ALLOW), behind);
});

Deno.test("divisions by 0 and shifts by more than there are bits are refused, of constants", () => {
  assertEquals(faultOf(instruction(0x34, 0), ALLOW), "0: it divides by 0");
  assertEquals(faultOf(instruction(0x3c, 0), ALLOW), null);
  assertEquals(faultOf(instruction(0x64, 31), ALLOW), null);
  assertEquals(faultOf(instruction(0x64, 32), ALLOW), "0: it shifts by 32, more than 31");
  assertEquals(faultOf(instruction(0x74, 32), ALLOW), "0: it shifts by 32, more than 31");
});

Deno.test("the end is an answer, there is one, and not too much before it", () => {
  assertEquals(faultOf(), "0: there is none");
  assertEquals(faultOf(ALLOW, instruction(0x20)), "1: the last one must be an answer");
  assertEquals(faultOf(instruction(0x20), instruction(0x16)), null);
  const long = (length: number): ClassicInstruction[] => Array.from({ length }, () => ALLOW);
  assertEquals(faultOf(...long(4096)), null);
  assertEquals(faultOf(...long(4097)), "4096: the kernel takes 4096 at most, and there are 4097");
});

Deno.test("scratch memory is loaded only where every way there has stored it", () => {
  const [store, load] = [instruction(0x02, 3), instruction(0x61, 3)];
  assertEquals(faultOf(store, load, ALLOW), null);
  const unknown = "word 3 of the scratch memory may not have been stored before";
  assertEquals(faultOf(load, ALLOW), `0: ${unknown}`);
  assertEquals(faultOf(instruction(0x03, 2), load, ALLOW), `1: ${unknown}`);
  assertEquals(
    faultOf(instruction(0x02, 16), ALLOW),
    "0: there is no word 16 in the scratch memory",
  );
  // One way past the store, and both over it.
  assertEquals(faultOf(instruction(0x15, 0, 1, 0), store, load, ALLOW), `2: ${unknown}`);
  assertEquals(faultOf(store, instruction(0x15, 0, 1, 0), ALLOW, load, ALLOW), null);
  assertEquals(faultOf(instruction(0x05, 1), store, load, ALLOW), `2: ${unknown}`);
});
