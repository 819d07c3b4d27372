import { __X32_SYSCALL_BIT, seccompData } from "syscalls/abi/seccomp.ts";
import { decodeClassic } from "syscalls/bpf/classic.ts";
import { interpretClassic } from "syscalls/bpf/interpret_classic.ts";
import type { SeccompArch, ValidSeccomp } from "runtime/spec/valid.ts";
import { ARCH_TRAITS, otherAuditOf, type SyscallTables } from "./archs.ts";
import { type ArgumentTest, ORDERINGS } from "./conditions.ts";
import { type Decision, decisionsFor } from "./decisions.ts";
import { writeFilter } from "./filter.ts";
import { answersEnosys, archsOf, isUnknownOfS390, NO_CALL, sectionsOf } from "./sections.ts";

/** A system call as its filter sees it. */
export interface AskedCall {
  readonly arch: SeccompArch;
  readonly number: number;
  /** Six, unsigned. */
  readonly args: readonly bigint[];
}

/** What a filter says of a call. */
export interface SeccompVerdict {
  /** SECCOMP_RET_* and its data. */
  readonly answer: number;
  /** How many instructions it took, and how many there are. */
  readonly evaluated: number;
  readonly instructions: number;
  readonly reason: "rule" | "default" | "newer" | "architecture";
  /** JSON pointer of the rule; "" where it is none. */
  readonly origin: string;
}

/** Compiles a policy for a machine, runs the filter for a call, and finds the rule that is behind its answer. */
export function askFilter(
  policy: ValidSeccomp,
  native: SeccompArch,
  tables: SyscallTables,
  call: AskedCall,
): SeccompVerdict {
  const program = decodeClassic(
    writeFilter(sectionsOf(policy, native, tables), otherAuditOf(native)),
  );
  const { answer, evaluated } = interpretClassic(program, wordsOf(call));
  const reason = reasonOf(policy, native, tables, call);
  return { answer, evaluated, instructions: program.length, ...reason };
}

/** `struct seccomp_data` in words, in the byte order of the call's architecture. */
export function wordsOf({ arch, number, args }: AskedCall): Uint32Array {
  const { audit, bigEndian } = ARCH_TRAITS[arch];
  const words = new Uint32Array(seccompData.size / 4);
  words[seccompData.offsets.nr / 4] = number;
  words[seccompData.offsets.arch / 4] = audit;
  args.forEach((value, i) => {
    const at = seccompData.offsets["args[0]"] / 4 + 2 * i;
    words[bigEndian ? at + 1 : at] = Number(value & 0xffffffffn);
    words[bigEndian ? at : at + 1] = Number(value >> 32n);
  });
  return words;
}

function reasonOf(
  policy: ValidSeccomp,
  native: SeccompArch,
  tables: SyscallTables,
  call: AskedCall,
): Pick<SeccompVerdict, "reason" | "origin"> {
  const isX32 = call.arch === "SCMP_ARCH_X86_64" && (call.number & __X32_SYSCALL_BIT) !== 0;
  const arch = isX32 ? "SCMP_ARCH_X32" : call.arch;
  const isKnown = archsOf(policy, native).includes(arch);
  if (!isKnown) return { reason: call.number === NO_CALL ? "default" : "architecture", origin: "" };
  const { byNumber, highest } = decisionsFor(policy, ARCH_TRAITS[arch], tables[arch] ?? {});
  const decision = byNumber.get(call.number);
  const origin = decision === undefined ? "" : originOf(decision, call);
  if (origin !== "") return { reason: "rule", origin };
  const isNewer = answersEnosys(policy) && highest !== null && decision === undefined &&
    (call.number > highest || isUnknownOfS390(arch, call.number));
  return { reason: isNewer ? "newer" : "default", origin: "" };
}

function originOf({ rules, origin }: Decision, { args }: AskedCall): string {
  const rule = rules.find(({ tests }) =>
    tests.every((test) => holds(test, args[test.index] ?? 0n))
  );
  return rule === undefined ? origin : rule.origin;
}

function holds({ operator, mask, value }: ArgumentTest, arg: bigint): boolean {
  const whole = (halves: ArgumentTest["mask"]): bigint =>
    BigInt(halves.high) << 32n | BigInt(halves.low);
  const [a, b] = [arg & whole(mask), whole(value)];
  const ordering = ORDERINGS[operator];
  if (ordering === undefined) return (a === b) !== (operator === "SCMP_CMP_NE");
  return (ordering.comparison === "jumpIfAbove" ? a > b : a >= b) === ordering.holds;
}
