import { assert, assertEquals } from "@std/assert";
import { SECCOMP_FILTER_FLAG } from "syscalls/abi/seccomp.ts";
import type { ClassicInstruction } from "syscalls/bpf/classic.ts";
import type { CompiledSeccomp } from "runtime/compile/seccomp/compile.ts";
import { type RawMachine, readRawFilter } from "runtime/compile/seccomp/raw.ts";
import type { RawFilter } from "runtime/spec/valid.ts";
import { instruction, rawFilter } from "tests/support/raw_filter.ts";
import { problemsOf } from "tests/support/spec_fixtures.ts";

const ALLOW = 0x7fff0000;
const NOTIFY = 0x7fc00000;
const WRITE = 1;

const NOBODY: RawMachine = { arch: "x86_64", kernel: [6, 12], hasAgent: () => false };
const SOMEBODY: RawMachine = { ...NOBODY, hasAgent: () => true };

function raw(base64: string, more: Partial<RawFilter> = {}): RawFilter {
  return { base64, origin: "/annotations/x", flags: null, listener: null, ...more };
}

function read(program: readonly ClassicInstruction[], machine = NOBODY): CompiledSeccomp {
  return readRawFilter(raw(rawFilter(program)), machine);
}

function problems(filter: RawFilter, machine = NOBODY): string[] {
  return problemsOf(() => readRawFilter(filter, machine));
}

/** Allows everything but one call. */
function allowBut(nr: number, answer: number): ClassicInstruction[] {
  return [
    instruction(0x20, 0),
    instruction(0x15, nr, 0, 1),
    instruction(0x06, answer),
    instruction(0x06, ALLOW),
  ];
}

Deno.test("a program is taken as it is, whatever white space its text has", () => {
  const text = rawFilter(allowBut(83, 0x50001));
  const { program, ...rest } = readRawFilter(
    raw(`${text.slice(0, 9)}\n ${text.slice(9)}\n`),
    NOBODY,
  );
  assertEquals(program.toBase64(), text);
  const flags = Number(SECCOMP_FILTER_FLAG.of("SECCOMP_FILTER_FLAG_SPEC_ALLOW"));
  assertEquals(rest, { instructions: 4, flags, notifies: false, warnings: [] });
});

Deno.test("what is no program is refused with the reason", () => {
  const wrong = (base64: string): string[] => problems(raw(base64));
  assertEquals(wrong("?"), ["/annotations/x: it is not base64"]);
  assertEquals(wrong("AAECAw=="), ["/annotations/x: it has 4 bytes; an instruction has 8"]);
  assertEquals(wrong(""), ["/annotations/x: instruction 0: there is none"]);
  assertEquals(wrong(rawFilter([instruction(0x30)])), [
    "/annotations/x: instruction 0: a seccomp filter may not have code 0x30",
  ]);
  const long = Array.from({ length: 4097 }, () => instruction(0x06, ALLOW));
  assertEquals(wrong(rawFilter(long)), [
    "/annotations/x: instruction 4096: the kernel takes 4096 at most, and there are 4097",
  ]);
});

Deno.test("a program that leaves calls to an agent needs one, and gets a listener", () => {
  const program = allowBut(83, NOTIFY);
  assertEquals(problems(raw(rawFilter(program))), [
    "/annotations/x: it leaves calls to an agent, and seccomp listenerPath is not set",
  ]);
  const { notifies, flags } = read(program, SOMEBODY);
  const listener = Number(SECCOMP_FILTER_FLAG.of("SECCOMP_FILTER_FLAG_NEW_LISTENER"));
  assert(notifies && (flags & listener) !== 0);
});

Deno.test("an answer that is worked out may be for an agent, where there is one", () => {
  const program = [instruction(0x00, ALLOW), instruction(0x16)];
  assertEquals(read(program).notifies, false);
  assertEquals(read(program, SOMEBODY).notifies, true);
  assertEquals(read(allowBut(83, 0x50001), SOMEBODY).notifies, false);
});

Deno.test("nobody can answer for write before the runtime has sent the listener by it", () => {
  const refused = [
    "/annotations/x: it may leave write to an agent, which the runtime calls before there is one to answer",
  ];
  assertEquals(problems(raw(rawFilter(allowBut(WRITE, NOTIFY))), SOMEBODY), refused);
  const computed = [instruction(0x00, NOTIFY), instruction(0x16)];
  assertEquals(problems(raw(rawFilter(computed)), SOMEBODY), refused);
  // Only where the first argument is one number, and only to another call.
  const guarded = (nr: number): ClassicInstruction[] => [
    instruction(0x20, 0),
    instruction(0x15, nr, 0, 3),
    instruction(0x20, 16),
    instruction(0x15, 4711, 0, 1),
    instruction(0x06, NOTIFY),
    instruction(0x06, ALLOW),
  ];
  assertEquals(problems(raw(rawFilter(guarded(WRITE))), SOMEBODY), refused);
  assertEquals(problems(raw(rawFilter(guarded(83))), SOMEBODY), []);
});

Deno.test("flags are those of linux.seccomp", () => {
  const wait = { flags: ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"] } as const;
  const notifying = raw(rawFilter(allowBut(83, NOTIFY)), wait);
  assertEquals(readRawFilter(notifying, SOMEBODY).flags, 8 + 32);
  assertEquals(problems(notifying, { ...SOMEBODY, kernel: [5, 15] }), [
    "/linux/seccomp/flags/0: SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV needs Linux 5.19, and this is 5.15",
  ]);
  assertEquals(problems(raw(rawFilter(allowBut(83, 0x50001)), wait)), [
    "/annotations/x: it leaves no call to an agent, as SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV needs it",
  ]);
  assertEquals(
    readRawFilter(raw(rawFilter(allowBut(83, 0x50001)), { flags: [] }), NOBODY).flags,
    0,
  );
});
