import type { Arch } from "syscalls/abi/arch.ts";
import { errnoName } from "syscalls/abi/errno.ts";
import type { SyscallName } from "syscalls/abi/numbers/names.ts";
import { syscallNumber as aarch64Number } from "syscalls/abi/numbers/aarch64.ts";
import { syscallNumber as x8664Number } from "syscalls/abi/numbers/x86_64.ts";
import { SECCOMP_RET, SECCOMP_RET_MASK, seccompData } from "syscalls/abi/seccomp.ts";
import { type ClassicInstruction, decodeClassic } from "syscalls/bpf/classic.ts";
import { interpretClassic } from "syscalls/bpf/interpret_classic.ts";
import { possibleAnswers } from "syscalls/bpf/possible_answers.ts";
import type { Step } from "runtime/plan/step.ts";
import { ARCH_TRAITS, NATIVE_ARCH } from "./archs.ts";

/** A call that a program makes once its filter is in force, and that the filter does not let through. */
export interface RefusedCall {
  readonly name: SyscallName;
  /** What the filter does instead: `ERRNO EPERM`, `KILL_PROCESS`. */
  readonly answer: string;
}

/** What a program calls behind the filter that one of its steps installs, each call once. */
export function callsBehind(steps: readonly Step[]): readonly SyscallName[] {
  const at = steps.findIndex(({ kind }) => kind === "installFilter");
  return at < 0 ? [] : [...new Set(steps.slice(at).flatMap(callsOf))];
}

function callsOf(step: Step): readonly SyscallName[] {
  switch (step.kind) {
    case "installFilter":
      return step.notifies ? ["write", "read", "close"] : [];
    case "reduceCapabilities":
      return ["capset"];
    case "waitForStart":
      return ["write", "read"];
    case "announce":
      return ["write"];
    case "execute":
      return ["execve"];
    default:
      return [];
  }
}

/** Which of these calls a filter refuses, whatever descriptors and addresses they may have. */
export function refusedCalls(
  program: Uint8Array,
  arch: Arch,
  calls: readonly SyscallName[],
): readonly RefusedCall[] {
  const instructions = decodeClassic(program);
  return calls.flatMap((name) => {
    const answers = LIKELY_ARGUMENTS.map((args) =>
      interpretClassic(instructions, dataWords(arch, numberOf(name, arch), args)).answer
    );
    const texts = answers.map(refusalText);
    const first = texts[0] ?? null;
    return first === null || texts.includes(null) ? [] : [{ name, answer: first }];
  });
}

/** Whether a filter may leave a call to an agent, whatever arguments it has. */
export function mayNotify(
  program: readonly ClassicInstruction[],
  arch: Arch,
  name: SyscallName,
): boolean {
  const { nr, arch: audit } = seccompData.offsets;
  const known = new Map([
    [nr, numberOf(name, arch)],
    [audit, ARCH_TRAITS[NATIVE_ARCH[arch]].audit],
  ]);
  for (const answer of possibleAnswers(program, known, seccompData.size)) {
    if (answer === null || isNotify(answer)) return true;
  }
  return false;
}

/** Whether a filter's answer leaves the call to an agent. */
export function isNotify(answer: number): boolean {
  const action = (answer & SECCOMP_RET_MASK.SECCOMP_RET_ACTION_FULL) >>> 0;
  return action === SECCOMP_RET.SECCOMP_RET_USER_NOTIF;
}

function numberOf(name: SyscallName, arch: Arch): number {
  return arch === "x86_64" ? x8664Number(name) : aarch64Number(name);
}

/** A filter may look at arguments, which nobody knows yet. */
const LIKELY_ARGUMENTS: readonly (readonly bigint[])[] = [
  [20n, 0x1000_0000n, 16n],
  [5n, 0x1000_0000n, 8n],
  [0n, 0n, 0n],
];

function dataWords(arch: Arch, nr: number, args: readonly bigint[]): Uint32Array {
  const { audit } = ARCH_TRAITS[NATIVE_ARCH[arch]];
  const [first = 0n, second = 0n, third = 0n] = args;
  const data = { nr, arch: audit, "args[0]": first, "args[1]": second, "args[2]": third };
  return new Uint32Array(seccompData.encode(data).buffer);
}

const REFUSALS: Readonly<Record<number, string>> = {
  [SECCOMP_RET.SECCOMP_RET_KILL_PROCESS]: "KILL_PROCESS",
  [SECCOMP_RET.SECCOMP_RET_KILL_THREAD]: "KILL_THREAD",
  [SECCOMP_RET.SECCOMP_RET_TRAP]: "TRAP",
  // Without a tracer such a call fails.
  [SECCOMP_RET.SECCOMP_RET_TRACE]: "TRACE",
};

/** Null where the call is made, now or when an agent says so. */
function refusalText(answer: number): string | null {
  const action = (answer & SECCOMP_RET_MASK.SECCOMP_RET_ACTION_FULL) >>> 0;
  if (action !== SECCOMP_RET.SECCOMP_RET_ERRNO) return REFUSALS[action] ?? null;
  const errno = answer & SECCOMP_RET_MASK.SECCOMP_RET_DATA;
  return errno === 0 ? "ERRNO 0" : `ERRNO ${errnoName(errno)}`;
}
