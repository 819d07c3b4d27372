import { assert, assertEquals } from "@std/assert";
import { encodeExtended, type ExtendedInstruction } from "syscalls/bpf/extended.ts";
import { interpretExtended } from "syscalls/bpf/interpret_extended.ts";
import { deviceProgram } from "runtime/compile/devices/program.ts";
import { type DeviceRule, deviceRules } from "runtime/spec/device_rules.ts";
import { Random } from "tests/support/random.ts";
import { validWith } from "tests/support/spec_fixtures.ts";

interface Use {
  readonly type: "b" | "c";
  readonly major: number;
  readonly minor: number;
  /** Letters of `rwm`. */
  readonly access: string;
}

const BITS: Readonly<Record<string, number>> = { m: 1, r: 2, w: 4 };

function ask(
  program: readonly ExtendedInstruction[],
  { type, major, minor, access }: Use,
): boolean {
  const context = new DataView(new ArrayBuffer(12));
  const bits = Array.from(access).reduce((set, letter) => set | (BITS[letter] ?? 0), 0);
  context.setUint32(0, bits << 16 | (type === "b" ? 1 : 2), true);
  context.setUint32(4, major, true);
  context.setUint32(8, minor, true);
  return interpretExtended(program, context) === 1;
}

/** The rules as a person reads them: the last that fits decides, and without one all is allowed. */
function plainly(rules: readonly DeviceRule[], use: Use): boolean {
  const fits = (rule: DeviceRule): boolean => {
    if (rule.type !== "a" && rule.type !== use.type) return false;
    if (rule.major !== null && rule.major !== use.major) return false;
    if (rule.minor !== null && rule.minor !== use.minor) return false;
    const letters = Array.from(use.access);
    const covered = letters.filter((letter) => rule.access.includes(letter));
    return rule.allow ? covered.length === letters.length : covered.length > 0;
  };
  return rules.findLast(fits)?.allow ?? true;
}

Deno.test("random rules decide as a plain reading of them does", () => {
  const random = new Random(7);
  const accesses = ["r", "w", "m", "rw", "rm", "wm", "rwm"];
  const access = (): string => accesses[random.below(accesses.length)] ?? "r";
  const number = (): number => random.below(3);
  const answers = new Set<boolean>();
  for (let round = 0; round < 300; round++) {
    const rules = Array.from({ length: random.below(6) }, (): DeviceRule => ({
      allow: random.below(2) === 1,
      type: (["a", "b", "c"] as const)[random.below(3)] ?? "a",
      major: random.below(3) === 0 ? null : number(),
      minor: random.below(3) === 0 ? null : number(),
      access: access(),
    }));
    const program = deviceProgram(rules);
    for (let question = 0; question < 20; question++) {
      const type = random.below(2) === 1 ? "b" : "c";
      const use: Use = { type, major: number(), minor: number(), access: access() };
      const wanted = plainly(rules, use);
      answers.add(wanted);
      assertEquals(ask(program, use), wanted, JSON.stringify({ rules, use }));
    }
  }
  assertEquals(answers.size, 2);
});

Deno.test("the default rules allow the usual devices, any mknod, and nothing else", () => {
  const program = deviceProgram(deviceRules(validWith(() => {})));
  assert(ask(program, { type: "c", major: 1, minor: 3, access: "rw" }));
  assert(ask(program, { type: "c", major: 136, minor: 42, access: "rw" }));
  assert(ask(program, { type: "b", major: 8, minor: 0, access: "m" }));
  assert(!ask(program, { type: "b", major: 8, minor: 0, access: "r" }));
  assert(!ask(program, { type: "c", major: 1, minor: 1, access: "rw" }));
  assert(!ask(program, { type: "c", major: 10, minor: 229, access: "rwm" }));
});

Deno.test("instructions are laid out as struct bpf_insn", () => {
  const bytes = encodeExtended([
    { operation: "loadWord", to: 2, from: 1, offset: 4 },
    { operation: "jumpUnlessEqual", to: 4, immediate: 0x1234, offset: 3 },
    { operation: "exit" },
  ]);
  assertEquals(Array.from(bytes), [
    ...[0x61, 0x12, 4, 0, 0, 0, 0, 0],
    ...[0x55, 0x04, 3, 0, 0x34, 0x12, 0, 0],
    ...[0x95, 0, 0, 0, 0, 0, 0, 0],
  ]);
});
