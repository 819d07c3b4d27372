import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { decodeClassic } from "syscalls/bpf/classic.ts";
import { interpretClassic } from "syscalls/bpf/interpret_classic.ts";
import { SpecError } from "runtime/base/errors.ts";
import { ARCH_TRAITS, familyOf, otherAuditOf } from "runtime/compile/seccomp/archs.ts";
import { wordsOf } from "runtime/compile/seccomp/ask.ts";
import {
  type CompiledSeccomp,
  compileSeccomp,
  compileWith,
} from "runtime/compile/seccomp/compile.ts";
import { writeFilter } from "runtime/compile/seccomp/filter.ts";
import { sectionsOf } from "runtime/compile/seccomp/sections.ts";
import type { SeccompArch } from "runtime/spec/valid.ts";
import {
  ALL_TABLES,
  dockerProfile,
  policyOf,
  type Profile,
  type ProfileCondition,
  type ProfileRule,
} from "tests/support/seccomp.ts";

const ALLOW = 0x7fff0000;
const ERRNO = 0x50000;
const ENOSYS = ERRNO + 38;
const X86_64 = "SCMP_ARCH_X86_64";

function compile(profile: Profile, native: SeccompArch = X86_64): Promise<CompiledSeccomp> {
  return compileSeccomp(policyOf(profile), { native, kernel: [6, 12] });
}

/** What a filter answers, call by call: a name or number, and its arguments. */
async function answers(
  profile: Profile,
  calls: readonly (readonly [string | number, ...(number | bigint)[]])[],
  arch: SeccompArch = X86_64,
  native: SeccompArch = X86_64,
): Promise<number[]> {
  const program = decodeClassic((await compile(profile, native)).program);
  return calls.map(([name, ...args]) => {
    const number = typeof name === "number" ? name : ALL_TABLES[arch]?.[name] ?? NaN;
    const words = wordsOf({ arch, number, args: args.map(BigInt) });
    return interpretClassic(program, words).answer;
  });
}

function allowing(...syscalls: readonly ProfileRule[]): Profile {
  return { defaultAction: "SCMP_ACT_ERRNO", syscalls };
}

Deno.test("every action is answered in the kernel's number, with the errno where there is one", async () => {
  const actions = [
    ["SCMP_ACT_KILL", 0],
    ["SCMP_ACT_KILL_THREAD", 0],
    ["SCMP_ACT_KILL_PROCESS", 0x80000000],
    ["SCMP_ACT_TRAP", 0x30000],
    ["SCMP_ACT_ERRNO", ERRNO + 1],
    ["SCMP_ACT_TRACE", 0x7ff00001],
    ["SCMP_ACT_ALLOW", ALLOW],
    ["SCMP_ACT_LOG", 0x7ffc0000],
    ["SCMP_ACT_NOTIFY", 0x7fc00000],
  ] as const;
  for (const [action, answer] of actions) {
    const defaultAction = answer === ALLOW ? "SCMP_ACT_ERRNO" : "SCMP_ACT_ALLOW";
    const profile = { defaultAction, syscalls: [{ names: ["mkdir"], action }] };
    assertEquals(await answers(profile, [["mkdir"]]), [answer], action);
  }
  const errno = { defaultAction: "SCMP_ACT_ALLOW", syscalls: [] };
  const rule = { names: ["mkdir"], action: "SCMP_ACT_ERRNO", errnoRet: 0 };
  assertEquals(await answers({ ...errno, syscalls: [rule] }, [["mkdir"]]), [ERRNO]);
});

Deno.test("flags: speculation is allowed where the file has none, an empty list is none", async () => {
  const flags = async (list?: readonly string[], action = "SCMP_ACT_ALLOW"): Promise<number> => {
    const rule = { names: ["mkdir"], action };
    const profile = { ...allowing(rule), ...list === undefined ? {} : { flags: list } };
    return (await compile(profile)).flags;
  };
  assertEquals(await flags(), 4);
  assertEquals(await flags([]), 0);
  assertEquals(await flags(["SECCOMP_FILTER_FLAG_TSYNC"]), 0);
  assertEquals(await flags(["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"]), 6);
  assertEquals(await flags([], "SCMP_ACT_NOTIFY"), 8);
  const wait = ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"];
  assertEquals(await flags(wait, "SCMP_ACT_NOTIFY"), 40);
  const policy = policyOf({
    ...allowing({ names: ["mkdir"], action: "SCMP_ACT_NOTIFY" }),
    flags: wait,
  });
  assertThrows(
    () => compileWith(policy, { native: X86_64, kernel: [5, 15] }, ALL_TABLES, "config.json"),
    SpecError,
    "/linux/seccomp/flags/0: SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV needs Linux 5.19",
  );
});

Deno.test("calls newer than the profile do not exist, as far as a default that stops them goes", async () => {
  const rule = { names: ["read", "statx", "no_such_call"], action: "SCMP_ACT_ALLOW" };
  const calls = [["statx"], [331], ["openat2"], [0x3fffffff]] as const;
  for (const defaultAction of ["SCMP_ACT_KILL", "SCMP_ACT_ERRNO", "SCMP_ACT_TRAP"]) {
    const found = await answers({ defaultAction, syscalls: [rule] }, calls);
    assertEquals([found[0], found[2], found[3]], [ALLOW, ENOSYS, ENOSYS], defaultAction);
    assert(found[1] !== ENOSYS, "331 is no newer");
  }
  for (const defaultAction of ["SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_TRACE"]) {
    const denied = { ...rule, action: "SCMP_ACT_ERRNO" };
    const found = await answers({ defaultAction, syscalls: [denied] }, [["openat2"]]);
    assert(found[0] !== ENOSYS, defaultAction);
  }
  assertEquals(await answers(allowing(), [[9999]]), [ERRNO + 1], "a profile that names none");
});

Deno.test("a rule with the default's action names its calls all the same", async () => {
  const rules = [
    { names: ["read"], action: "SCMP_ACT_ALLOW" },
    { names: ["statx"], action: "SCMP_ACT_ERRNO" },
  ];
  assertEquals(await answers(allowing(...rules), [[331], ["statx"], [333]]), [
    ERRNO + 1,
    ERRNO + 1,
    ENOSYS,
  ]);
});

Deno.test("other architectures are killed, and x32 where it is not listed", async () => {
  const profile = allowing({ names: ["read", "write"], action: "SCMP_ACT_ALLOW" });
  assertEquals(await answers(profile, [["read"]], "SCMP_ARCH_X86"), [0]);
  assertEquals(await answers(profile, [["read"], [0xffffffff]], "SCMP_ARCH_X32"), [0, ERRNO + 1]);
  const more = { ...profile, architectures: ["SCMP_ARCH_X86", "SCMP_ARCH_X32"] };
  assertEquals(await answers(more, [["read"], ["brk"]], "SCMP_ARCH_X86"), [ALLOW, ENOSYS]);
  assertEquals(await answers(more, [["read"], ["brk"]], "SCMP_ARCH_X32"), [ALLOW, ENOSYS]);
  assertEquals(await answers(more, [["read"], ["brk"]]), [ALLOW, ENOSYS]);
});

Deno.test("the machine's own architecture is there even where the profile lists others", async () => {
  const profile = {
    ...allowing({ names: ["read"], action: "SCMP_ACT_ALLOW" }),
    architectures: ["SCMP_ARCH_ARM", "SCMP_ARCH_S390X"],
  };
  const arm = "SCMP_ARCH_AARCH64";
  assertEquals(await answers(profile, [["read"]], arm, arm), [ALLOW]);
  assertEquals(await answers(profile, [["read"]], "SCMP_ARCH_ARM", arm), [ALLOW]);
  assertEquals(await answers(profile, [["read"]]), [ALLOW]);
});

Deno.test("a rule without conditions outdoes those with, and the first such rule counts", async () => {
  const args = [{ index: 0, op: "SCMP_CMP_EQ", value: 1 }];
  const conditional = { names: ["personality"], action: "SCMP_ACT_TRAP", args };
  const errno = { names: ["personality"], action: "SCMP_ACT_ERRNO", errnoRet: 5 };
  const allow = { names: ["personality"], action: "SCMP_ACT_ALLOW" };
  for (const rules of [[conditional, allow, errno], [allow, errno, conditional]]) {
    assertEquals(await answers(allowing(...rules), [["personality", 1], ["personality", 2]]), [
      ALLOW,
      ALLOW,
    ]);
  }
});

Deno.test("where several conditions hold, libseccomp's order decides", async () => {
  const rule = (action: string, op: string, value: number, index = 0): ProfileRule => ({
    names: ["personality"],
    action,
    args: [{ index, op, value }],
  });
  const above = rule("SCMP_ACT_ALLOW", "SCMP_CMP_GT", 3);
  const equal = rule("SCMP_ACT_TRAP", "SCMP_CMP_EQ", 5);
  const below = rule("SCMP_ACT_LOG", "SCMP_CMP_LT", 6);
  const second = rule("SCMP_ACT_KILL_PROCESS", "SCMP_CMP_EQ", 9, 1);
  const rules = [above, below, equal, second];
  for (const order of [rules, rules.toReversed()]) {
    const calls = [["personality", 5, 9], ["personality", 5], ["personality", 4]] as const;
    const wanted = [0x80000000, 0x30000, 0x7ffc0000];
    assertEquals(await answers(allowing(...order), calls), wanted);
  }
});

Deno.test("two conditions on one argument are alternatives, on several they belong together", async () => {
  const eq = (index: number, value: number): { index: number; op: string; value: number } => ({
    index,
    op: "SCMP_CMP_EQ",
    value,
  });
  const rule = { names: ["socket"], action: "SCMP_ACT_ALLOW" };
  const both = allowing({ ...rule, args: [eq(0, 1), eq(1, 2)] });
  const calls = [["socket", 1, 2], ["socket", 1, 3], ["socket", 2, 2]] as const;
  assertEquals(await answers(both, calls), [ALLOW, ERRNO + 1, ERRNO + 1]);
  const list = allowing({ ...rule, args: [eq(0, 1), eq(0, 2), eq(1, 3)] });
  assertEquals(await answers(list, calls), [ALLOW, ALLOW, ALLOW]);
});

Deno.test("calls that socketcall and ipc make are meant as well", async () => {
  const profile = {
    ...allowing({ names: ["bind", "semget"], action: "SCMP_ACT_ALLOW" }),
    architectures: ["SCMP_ARCH_X86"],
  };
  const calls = [["bind"], ["socketcall", 2], ["socketcall", 3], ["ipc", 2], ["ipc", 1]] as const;
  assertEquals(await answers(profile, calls, "SCMP_ARCH_X86"), [
    ...[ALLOW, ALLOW, ERRNO + 1, ALLOW, ERRNO + 1],
  ]);
});

Deno.test("a filter that the kernel would not take is refused with its size", () => {
  const rules = Array.from({ length: 1500 }, (_, i): ProfileRule => ({
    names: ["ioctl"],
    action: "SCMP_ACT_ALLOW",
    args: [{ index: 0, op: "SCMP_CMP_EQ", value: i }],
  }));
  const policy = policyOf(allowing(...rules));
  const machine = { native: X86_64, kernel: [6, 12] } as const;
  const compileIt = (): unknown => compileWith(policy, machine, ALL_TABLES, "config.json");
  const error = assertThrows(compileIt, SpecError);
  assertStringIncludes(error.message, "/linux/seccomp: its filter has ");
  assertStringIncludes(error.message, "instructions, and the kernel takes 4096 at most");
});

Deno.test("names that no architecture of the machine has are told", async () => {
  const rule = { names: ["read", "s390_sthyi", "no_such_call"], action: "SCMP_ACT_ALLOW" };
  assertEquals((await compile(allowing(rule))).warnings, [
    "/syscalls/0/names: no system call of SCMP_ARCH_X86_64: s390_sthyi, no_such_call",
  ]);
});

/** Numbers at which something may begin or end, on any architecture. */
const NUMBERS = [
  ...Array.from({ length: 700 }, (_, number) => [number, 0x40000000 + number]).flat(),
  ...[0x3fffffff, 0x7fffffff, 0x80000000, 0xbfffffff, 0xc0000000, 0xfffffffe, 0xffffffff],
];

for (
  const [native, other] of [[X86_64, "SCMP_ARCH_X86"], [
    "SCMP_ARCH_AARCH64",
    "SCMP_ARCH_ARM",
  ]] as const
) {
  Deno.test(`${native}: a filter that searches the number first answers as one that does not`, () => {
    const policy = policyOf({ ...dockerProfile(), architectures: [native, other] });
    const sections = sectionsOf(policy, native, ALL_TABLES);
    const byArch = decodeClassic(writeFilter(sections, null));
    const byNumber = decodeClassic(writeFilter(sections, otherAuditOf(native)));
    assertEquals([byArch[0]?.k, byNumber[0]?.k], [4, 0], "what they load first");
    for (const arch of [native, other]) {
      for (const number of NUMBERS) {
        for (const arg of [0n, 40n, 0x7e020000n]) {
          const words = wordsOf({ arch, number, args: [arg, arg] });
          const [wanted, found] = [byArch, byNumber].map((it) =>
            interpretClassic(it, words).answer
          );
          if (found !== wanted) assertEquals(found, wanted, `${arch} ${number} ${arg}`);
        }
      }
    }
  });

  Deno.test(`${native}: no call of ${other} passes where the profile has none of it`, async () => {
    const profile = { ...dockerProfile(), architectures: [native] };
    const calls = NUMBERS.map((number) => [number] as const);
    assertEquals(new Set(await answers(profile, calls, other, native)), new Set([0]));
    const open = { defaultAction: "SCMP_ACT_ALLOW", syscalls: [] };
    assertEquals(new Set(await answers(open, calls, other, native)), new Set([0]));
  });

  Deno.test(`${native}: what its kernel can report is known of all whose calls it takes`, () => {
    const family = familyOf(native).map((arch) => ARCH_TRAITS[arch].audit);
    const own = ARCH_TRAITS[native].audit;
    assertEquals(new Set([own, otherAuditOf(native)]), new Set(family));
  });
}

Deno.test("a condition that 32-bit arguments cannot meet or miss is asked where they have 64", async () => {
  const masked = (index: number, value: bigint, valueTwo: bigint): ProfileCondition => ({
    index,
    op: "SCMP_CMP_MASKED_EQ",
    value,
    valueTwo,
  });
  const args = [masked(0, 0xffn, 1n), masked(1, 0xff00000000n, 0x100000000n)];
  const [narrow, wide] = ["SCMP_ARCH_ARM", "SCMP_ARCH_AARCH64"] as const;
  const profile = {
    ...allowing({ names: ["openat2"], action: "SCMP_ACT_ALLOW", args }),
    architectures: [narrow, wide],
  };
  const calls = [["openat2", 1, 0], ["openat2", 1, 0x100000000n]] as const;
  for (const native of [narrow, wide]) {
    assertEquals((await answers(profile, calls, narrow, native)).slice(0, 1), [ALLOW]);
    assertEquals(await answers(profile, calls, wide, native), [ERRNO + 1, ALLOW]);
  }
});

/** Instructions that libseccomp 2.5.4 without its optimiser needs for the same profile, per call. */
const LIBSECCOMP = {
  read: 5,
  write: 6,
  close: 8,
  mmap: 14,
  ioctl: 21,
  recvmsg: 51,
  futex: 174,
  clock_gettime: 198,
  epoll_wait: 202,
  openat: 218,
  newfstatat: 223,
  mount: 603,
  clone: 606,
  socket: 611,
};

Deno.test("Docker's profile takes few instructions for each call", async () => {
  const { program, instructions } = await compile(dockerProfile());
  assert(instructions < 400, `${instructions} instructions`);
  const decoded = decodeClassic(program);
  const table = ALL_TABLES[X86_64] ?? {};
  const count = (name: string): number => {
    const number = table[name] ?? NaN;
    const words = wordsOf({ arch: X86_64, number, args: [1n] });
    return interpretClassic(decoded, words).evaluated;
  };
  for (const [name, theirs] of Object.entries(LIBSECCOMP)) {
    const ours = count(name);
    assert(ours < theirs, `${name}: ${ours} of ${theirs}`);
  }
  assertEquals(count("read"), 3, "to load the number, to test it, to answer");
  const counts = Object.keys(table).map(count);
  const mean = counts.reduce((sum, it) => sum + it, 0) / counts.length;
  assert(mean < 11, `${mean} on average, where libseccomp needs 254`);
  const shown = Object.entries(LIBSECCOMP).map(([name, theirs]) =>
    `${name} ${count(name)}/${theirs}`
  );
  console.log(
    `instructions evaluated, of ${instructions} (ocirt/libseccomp): ${shown.join(", ")}, ` +
      `mean ${mean.toFixed(1)}/254`,
  );
});
