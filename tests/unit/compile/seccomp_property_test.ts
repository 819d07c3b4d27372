/** Random profiles and random calls: the compiled filter against a plain reading of the profile. */
import { assertEquals } from "@std/assert";
import { __X32_SYSCALL_BIT, seccompData } from "syscalls/abi/seccomp.ts";
import { decodeClassic } from "syscalls/bpf/classic.ts";
import { interpretClassic } from "syscalls/bpf/interpret_classic.ts";
import { ARCH_TRAITS, familyOf, otherAuditOf } from "runtime/compile/seccomp/archs.ts";
import { type AskedCall as Call, wordsOf } from "runtime/compile/seccomp/ask.ts";
import { compileSeccomp } from "runtime/compile/seccomp/compile.ts";
import { MULTIPLEXED } from "runtime/compile/seccomp/multiplexed.ts";
import type { SeccompArch } from "runtime/spec/valid.ts";
import { SECCOMP_ARCHS, SECCOMP_OPERATORS } from "runtime/spec/words/seccomp.ts";
import { Random } from "tests/support/random.ts";
import {
  ALL_TABLES,
  policyOf,
  type Profile,
  type ProfileCondition,
  type ProfileRule,
} from "tests/support/seccomp.ts";

const KILL_THREAD = 0;
const ENOSYS = 0x50000 + 38;
const ACTIONS: Readonly<Record<string, number>> = {
  SCMP_ACT_ALLOW: 0x7fff0000,
  SCMP_ACT_ERRNO: 0x50000,
  SCMP_ACT_KILL: 0,
  SCMP_ACT_KILL_PROCESS: 0x80000000,
  SCMP_ACT_KILL_THREAD: 0,
  SCMP_ACT_LOG: 0x7ffc0000,
  SCMP_ACT_NOTIFY: 0x7fc00000,
  SCMP_ACT_TRACE: 0x7ff00000,
  SCMP_ACT_TRAP: 0x30000,
};

function answer(action: string, errno: number | undefined): number {
  const takesData = action === "SCMP_ACT_ERRNO" || action === "SCMP_ACT_TRACE";
  return (ACTIONS[action] ?? NaN) + (takesData ? errno ?? 1 : 0);
}

/** What a profile says of a call, in the words of the specification. */
function expected(profile: Profile, native: SeccompArch, call: Call): number {
  const { arch, number } = call;
  const listed = [native, ...profile.architectures ?? []];
  const otherwise = answer(profile.defaultAction, profile.defaultErrnoRet);
  if (!listed.includes(arch)) {
    const isNoCall = number === 0xffffffff && arch === "SCMP_ARCH_X32";
    return isNoCall && listed.includes("SCMP_ARCH_X86_64") ? otherwise : KILL_THREAD;
  }
  const table = ALL_TABLES[arch] ?? {};
  const rules = profile.syscalls ?? [];
  const multiplexer = (name: string): number => {
    const by = ARCH_TRAITS[arch].multiplexed ? MULTIPLEXED.get(name)?.by : undefined;
    return by === undefined ? 0 : table[by] ?? 0;
  };
  const numbers = rules.flatMap(({ names }) => names)
    .flatMap((name) => [table[name] ?? 0, multiplexer(name)]);
  const highest = Math.max(0, ...numbers);
  const isOpen = ["SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_TRACE"]
    .includes(profile.defaultAction);
  if (!isOpen && highest > 0) {
    if (number > highest) return ENOSYS;
    if (number === 0 && arch.startsWith("SCMP_ARCH_S390")) return ENOSYS;
  }
  for (const rule of rules) {
    if (answer(rule.action, rule.errnoRet) === otherwise) continue;
    if (rule.names.some((name) => applies(rule, name, call))) {
      return answer(rule.action, rule.errnoRet);
    }
  }
  return otherwise;
}

function applies(rule: ProfileRule, name: string, { arch, number, args }: Call): boolean {
  const table = ALL_TABLES[arch] ?? {};
  const { wide, multiplexed } = ARCH_TRAITS[arch];
  const conditions = rule.args ?? [];
  if (table[name] === number) return allHold(conditions, args, wide);
  const by = multiplexed ? MULTIPLEXED.get(name) : undefined;
  if (
    by === undefined || table[by.by] !== number ||
    BigInt.asUintN(32, args[0] ?? 0n) !== BigInt(by.number)
  ) {
    return false;
  }
  const isList = new Set(conditions.map(({ index }) => index)).size < conditions.length;
  // The first argument is taken: a condition on it cannot be asked, and so holds.
  if (isList && conditions.some(({ index }) => index === 0)) return true;
  return allHold(conditions.filter(({ index }) => index !== 0), args, wide);
}

function allHold(
  conditions: readonly ProfileCondition[],
  args: readonly bigint[],
  wide: boolean,
): boolean {
  const results = conditions.map((condition) =>
    holds(condition, args[condition.index] ?? 0n, wide)
  );
  const isList = new Set(conditions.map(({ index }) => index)).size < conditions.length;
  return isList ? results.includes(true) : !results.includes(false);
}

function holds({ op, value, valueTwo = 0 }: ProfileCondition, arg: bigint, wide: boolean): boolean {
  const bits = (number: bigint | number): bigint => BigInt.asUintN(wide ? 64 : 32, BigInt(number));
  const [a, b] = [bits(arg), bits(value)];
  switch (op) {
    case "SCMP_CMP_NE":
      return a !== b;
    case "SCMP_CMP_LT":
      return a < b;
    case "SCMP_CMP_LE":
      return a <= b;
    case "SCMP_CMP_EQ":
      return a === b;
    case "SCMP_CMP_GE":
      return a >= b;
    case "SCMP_CMP_GT":
      return a > b;
    default:
      return (a & b) === (bits(valueTwo) & b);
  }
}

const NAMES = [
  ...["read", "write", "openat", "clone", "personality", "ioctl", "prctl", "mmap", "futex"],
  ...["socket", "bind", "recvmsg", "sendmmsg", "accept4", "semop", "shmget", "msgsnd", "send"],
  ...["execveat", "statx", "clone3", "openat2", "chown32", "getdents64", "no_such_call"],
] as const;
const VALUES = [
  ...[0n, 1n, 2n, 3n, 40n, 0x8000n, 0x7e020000n, 0xffffffffn, 0x100000000n, 0x100000001n],
  ...[0x7fffffff00000003n, 0xffff0000ffff0000n, 0xffffffffffffffffn],
] as const;
const DEFAULTS = [
  "SCMP_ACT_ERRNO",
  "SCMP_ACT_ALLOW",
  "SCMP_ACT_KILL",
  "SCMP_ACT_KILL_PROCESS",
  "SCMP_ACT_TRAP",
  "SCMP_ACT_LOG",
  "SCMP_ACT_TRACE",
] as const;

function some<T>(random: Random, list: readonly T[]): T {
  return random.pick(list as unknown as readonly [T, ...T[]]);
}

/** Each call has one action in all of its rules, for what several actions mean is no matter of plain reading. */
function randomProfile(random: Random, native: SeccompArch): Profile {
  const actions = new Map(NAMES.map((name) => [name, some(random, Object.keys(ACTIONS))]));
  const rule = (): ProfileRule => {
    const [first, action] = some(random, [...actions]);
    const others = NAMES.filter((name) => actions.get(name) === action && random.chance(40));
    const names = action === "SCMP_ACT_NOTIFY"
      ? [first, ...others].filter((name) => name !== "write")
      : [first, ...others];
    const count = random.below(4);
    const args = Array.from({ length: count }, (): ProfileCondition => ({
      index: random.below(random.chance(50) ? 2 : 6),
      op: some(random, SECCOMP_OPERATORS),
      value: some(random, VALUES),
      valueTwo: some(random, VALUES),
    }));
    return { names: names.length === 0 ? ["read"] : names, action, args };
  };
  return {
    defaultAction: some(random, DEFAULTS),
    architectures: familyOf(native).filter(() => random.chance(60)),
    syscalls: Array.from({ length: random.below(12) }, rule).filter(({ names, action }) =>
      names.every((name) => actions.get(name as typeof NAMES[number]) === action)
    ),
  };
}

function randomCall(random: Random, native: SeccompArch): Call {
  const arch = some(random, familyOf(native));
  const table = ALL_TABLES[arch] ?? {};
  const base = Math.min(...Object.values(table));
  const named = table[some(random, [...NAMES, "socketcall", "ipc"])];
  const number = named ?? (random.chance(20) ? 0xffffffff : base + random.below(600));
  const value = (): bigint =>
    random.chance(30)
      ? BigInt(random.below(25))
      : BigInt.asUintN(64, some(random, VALUES) + BigInt(random.below(3) - 1));
  const cut = ARCH_TRAITS[arch].wide ? 64 : 32;
  return { arch, number, args: Array.from({ length: 6 }, () => BigInt.asUintN(cut, value())) };
}

/** x86-64 and x32 are told apart by the number alone. */
function isOfArch({ arch, number }: Call): boolean {
  const hasBit = (number & __X32_SYSCALL_BIT) !== 0;
  if (arch === "SCMP_ARCH_X86_64") return !hasBit;
  return arch !== "SCMP_ARCH_X32" || hasBit;
}

function show(value: unknown): string {
  return JSON.stringify(value, (_key, it) => typeof it === "bigint" ? `0x${it.toString(16)}` : it);
}

for (const native of SECCOMP_ARCHS) {
  Deno.test(`a filter for ${native} answers what its profile says, for random ones`, async () => {
    const random = new Random(SECCOMP_ARCHS.indexOf(native) + 1);
    let numberFirst = 0;
    for (let i = 0; i < 25; i++) {
      const profile = randomProfile(random, native);
      const compiled = await compileSeccomp(policyOf(profile), { native, kernel: [6, 12] });
      const program = decodeClassic(compiled.program);
      if (program[0]?.k === seccompData.offsets.nr) numberFirst++;
      for (let j = 0; j < 50; j++) {
        const call = randomCall(random, native);
        if (!isOfArch(call)) continue;
        const { answer } = interpretClassic(program, wordsOf(call));
        const wanted = expected(profile, native, call);
        if (answer !== wanted) assertEquals(answer, wanted, `${show(call)} of ${show(profile)}`);
      }
    }
    assertEquals(numberFirst > 0, otherAuditOf(native) !== null, "filters of either form");
  });
}
