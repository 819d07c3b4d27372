import { BPF_DEVCG_ACC, BPF_DEVCG_DEV, DEVICE_CONTEXT } from "syscalls/abi/bpf.ts";
import { encodeExtended, type ExtendedInstruction } from "syscalls/bpf/extended.ts";
import type { DeviceRule } from "runtime/spec/device_rules.ts";

/** Registers of the program: what is asked, and one to work in. */
const TYPE = 2;
const ACCESS = 3;
const MAJOR = 4;
const MINOR = 5;
const WORK = 1;

const LETTERS: Readonly<Record<string, number>> = {
  m: BPF_DEVCG_ACC.mknod,
  r: BPF_DEVCG_ACC.read,
  w: BPF_DEVCG_ACC.write,
};

/** The rules as the kernel takes them for a version 2 cgroup. */
export function compileDevices(rules: readonly DeviceRule[]): Uint8Array<ArrayBuffer> {
  return encodeExtended(deviceProgram(rules));
}

/**
 * A program for a version 2 cgroup that answers 1 (allowed) or 0 for every use of a device.
 *
 * The last rule that fits decides, so they are tried from the last to the first. An allowing rule fits what it covers
 * wholly, a denying one whatever it touches; what no rule fits is allowed, as in a version 1 cgroup before any rule.
 */
export function deviceProgram(rules: readonly DeviceRule[]): ExtendedInstruction[] {
  const program: ExtendedInstruction[] = [
    { operation: "loadWord", to: TYPE, from: 1, offset: DEVICE_CONTEXT.access_type },
    { operation: "moveRegister32", to: ACCESS, from: TYPE },
    { operation: "and32", to: TYPE, immediate: 0xffff },
    { operation: "shiftRight32", to: ACCESS, immediate: 16 },
    { operation: "loadWord", to: MAJOR, from: 1, offset: DEVICE_CONTEXT.major },
    { operation: "loadWord", to: MINOR, from: 1, offset: DEVICE_CONTEXT.minor },
  ];
  for (const rule of rules.toReversed()) program.push(...ruleCode(rule));
  return [...program, ...answer(true)];
}

function answer(allow: boolean): ExtendedInstruction[] {
  return [{ operation: "move32", to: 0, immediate: allow ? 1 : 0 }, { operation: "exit" }];
}

/** The checks of one rule, each passing over the rest when it does not hold, then its answer. */
function ruleCode({ allow, type, major, minor, access }: DeviceRule): ExtendedInstruction[] {
  const checks: ExtendedInstruction[] = [];
  if (type !== "a") {
    const immediate = type === "b" ? BPF_DEVCG_DEV.block : BPF_DEVCG_DEV.char;
    checks.push({ operation: "jumpUnlessEqual", to: TYPE, immediate });
  }
  const covered = Array.from(access).reduce((set, letter) => set | (LETTERS[letter] ?? 0), 0);
  checks.push(
    { operation: "moveRegister32", to: WORK, from: ACCESS },
    { operation: "and32", to: WORK, immediate: covered },
    allow
      ? { operation: "jumpUnlessSame", to: WORK, from: ACCESS }
      : { operation: "jumpIfEqual", to: WORK, immediate: 0 },
  );
  if (major !== null) checks.push({ operation: "jumpUnlessEqual", to: MAJOR, immediate: major });
  if (minor !== null) checks.push({ operation: "jumpUnlessEqual", to: MINOR, immediate: minor });
  const code = [...checks, ...answer(allow)];
  return code.map((instruction, index) =>
    instruction.operation.startsWith("jump")
      ? { ...instruction, offset: code.length - index - 1 }
      : instruction
  );
}
