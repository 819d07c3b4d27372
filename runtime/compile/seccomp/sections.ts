import { ERRNO } from "syscalls/abi/errno.ts";
import { __X32_SYSCALL_BIT, SECCOMP_RET } from "syscalls/abi/seccomp.ts";
import type { SyscallTable } from "syscalls/abi/syscall_tables/table.ts";
import type { SeccompArch, ValidSeccomp } from "runtime/spec/valid.ts";
import { ARCH_TRAITS, familyOf, type SyscallTables } from "./archs.ts";
import { type ArchDecisions, type Decision, decisionsFor, returnOf } from "./decisions.ts";
import { type Interval, intervals, SameDecisions } from "./intervals.ts";

/** The part of a filter for one value of `seccomp_data.arch`. */
export interface Section {
  readonly audit: number;
  readonly bigEndian: boolean;
  readonly intervals: readonly Interval[];
  /** The calls that the numbers are those of. */
  readonly table: SyscallTable;
}

/** For architectures that the profile does not name, and calls of x32 where it does not. */
export const OTHER_ARCH_ANSWER = SECCOMP_RET.SECCOMP_RET_KILL_THREAD;

export const KILL: Decision = { answer: OTHER_ARCH_ANSWER, rules: [], origin: "" };

const ENOSYS: Decision = {
  answer: SECCOMP_RET.SECCOMP_RET_ERRNO + ERRNO.ENOSYS,
  rules: [],
  origin: "",
};

/** A tracer makes a process skip a call by this number, and what it then gets must not be what x32 gets. */
export const NO_CALL = 0xffffffff;

/** The architectures of a profile that a machine can meet: its own, and the listed ones of its family. */
export function archsOf(policy: ValidSeccomp, native: SeccompArch): readonly SeccompArch[] {
  return familyOf(native).filter((arch) => arch === native || policy.architectures.includes(arch));
}

/** What the filter of a machine does, section by section, the machine's own first. */
export function sectionsOf(
  policy: ValidSeccomp,
  native: SeccompArch,
  tables: SyscallTables,
): readonly Section[] {
  const archs = archsOf(policy, native);
  const decisions = new Map(
    archs.map((arch) => [arch, decisionsFor(policy, ARCH_TRAITS[arch], tables[arch] ?? {})]),
  );
  const sections = new Map<number, Section>();
  const same = new SameDecisions();
  same.one(KILL);
  for (const arch of archs) {
    const { audit, bigEndian } = ARCH_TRAITS[arch];
    if (sections.has(audit)) continue;
    const x86 = decisions.get("SCMP_ARCH_X86_64");
    const x32 = decisions.get("SCMP_ARCH_X32");
    const own = decisions.get(arch) as ArchDecisions;
    const cut = audit === ARCH_TRAITS.SCMP_ARCH_X32.audit
      ? x86Intervals(policy, x86 ?? null, x32 ?? null, same)
      : plainIntervals(policy, arch, own, same);
    sections.set(audit, { audit, bigEndian, intervals: cut, table: tables[arch] ?? {} });
  }
  return [...sections.values()];
}

/**
 * Whether calls above all that the profile names are answered ENOSYS, as an older kernel would: programs then try an older call, where
 * another errno makes them give up. Not where a default lets them through, or hands them to a tracer that knows what to do.
 */
export function answersEnosys({ defaultAnswer: { action } }: ValidSeccomp): boolean {
  return action !== "SCMP_ACT_ALLOW" && action !== "SCMP_ACT_LOG" && action !== "SCMP_ACT_TRACE";
}

function defaultOf(policy: ValidSeccomp): Decision {
  return { answer: returnOf(policy.defaultAnswer), rules: [], origin: "" };
}

function plainIntervals(
  policy: ValidSeccomp,
  arch: SeccompArch,
  { byNumber, highest }: ArchDecisions,
  same: SameDecisions,
): readonly Interval[] {
  const otherwise = defaultOf(policy);
  const ground: Interval[] = [{ from: 0, decision: otherwise }];
  if (highest !== null && answersEnosys(policy)) {
    ground.push({ from: highest + 1, decision: ENOSYS });
    if (isUnknownOfS390(arch, SETUP)) {
      return intervals(ground, new Map(byNumber).set(SETUP, ENOSYS), same);
    }
  }
  return intervals(ground, byNumber, same);
}

const SETUP = 0;

/** setup(2), which nothing calls: filters of s390 see calls as this one whose numbers their kernel does not know. */
export function isUnknownOfS390(arch: SeccompArch, number: number): boolean {
  return number === SETUP && (arch === "SCMP_ARCH_S390" || arch === "SCMP_ARCH_S390X");
}

/** One value of `seccomp_data.arch` stands for x86-64 and x32, which has one bit of the number set. */
function x86Intervals(
  policy: ValidSeccomp,
  wide: ArchDecisions | null,
  x32: ArchDecisions | null,
  same: SameDecisions,
): readonly Interval[] {
  const otherwise = defaultOf(policy);
  const beyond = (decisions: ArchDecisions | null): Decision =>
    decisions === null
      ? KILL
      : decisions.highest !== null && answersEnosys(policy)
      ? ENOSYS
      : otherwise;
  const ground: Interval[] = [];
  // Bit 31 is in no number, so all with it are beyond the highest.
  for (const [from, decisions] of [[0, wide], [__X32_SYSCALL_BIT, x32]] as const) {
    ground.push({ from, decision: decisions === null ? KILL : otherwise });
    if (decisions !== null && decisions.highest !== null) {
      ground.push({ from: decisions.highest + 1, decision: beyond(decisions) });
    }
  }
  const notCalls = wide !== null && beyond(wide) === ENOSYS
    ? ENOSYS
    : x32 === null
    ? KILL
    : beyond(wide);
  ground.push({ from: 0x80000000, decision: notCalls });
  ground.push({ from: 0xc0000000, decision: beyond(x32) });
  if (beyond(x32) === KILL) ground.push({ from: NO_CALL, decision: otherwise });
  const both = new Map([...wide?.byNumber ?? [], ...x32?.byNumber ?? []]);
  return intervals(ground, both, same);
}
