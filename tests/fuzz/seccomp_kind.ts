import type { Table } from "runtime/spec/check_table.ts";
import { SpecError } from "runtime/base/errors.ts";
import { failureOf } from "runtime/base/failure.ts";
import { ARCH_TRAITS, familyOf } from "runtime/compile/seccomp/archs.ts";
import { compileSeccomp } from "runtime/compile/seccomp/compile.ts";
import { parseConfig } from "runtime/spec/parse.ts";
import { CONFIG_TABLE } from "runtime/spec/table.gen.ts";
import { validate } from "runtime/spec/validate.ts";
import type { SeccompArch, ValidSeccomp } from "runtime/spec/valid.ts";
import { SECCOMP_ARCHS } from "runtime/spec/words/seccomp.ts";
import { seccompData } from "syscalls/abi/seccomp.ts";
import { seccompFault } from "syscalls/bpf/check_classic.ts";
import { type ClassicInstruction, decodeClassic } from "syscalls/bpf/classic.ts";
import { interpretClassic } from "syscalls/bpf/interpret_classic.ts";
import { Random } from "tests/support/random.ts";
import { CONTEXT, fixture, jsonText } from "tests/support/spec_fixtures.ts";
import { asRead, smallerJson } from "./config_input.ts";
import { Ends, type Fault, type Kind } from "./kind.ts";
import { mutateJson } from "./mutate_json.ts";
import { damageText } from "./mutate_text.ts";
import { messageFault } from "./words.ts";

/** A policy for system calls, and the machine that it is compiled for. */
export interface SeccompInput {
  readonly native: SeccompArch;
  /** What stands behind `"seccomp":` in config.json. */
  readonly text: string;
}

/** Compiles a policy to instructions; tests put in something that is broken. */
export type Compile = (
  policy: ValidSeccomp,
  native: SeccompArch,
) => Promise<readonly ClassicInstruction[]>;

/** Mutated policies: what the kernel would refuse to load, and filters that differ for policies that say the same. */
export function seccompKind(compile: Compile = compiled): Kind<SeccompInput> {
  const examples = examplePolicies();
  const table = seccompTable();
  const ends = new Ends();
  return {
    name: "seccomp",
    ends,
    generate(random): SeccompInput {
      const example = examples[random.below(examples.length)];
      const text = jsonText(mutateJson(example, table, random)) ?? "";
      const native = random.pick(SECCOMP_ARCHS as unknown as readonly [SeccompArch]);
      return { native, text: random.chance(5) ? damageText(text, random) : text };
    },
    run: (input) => faultOf(input, compile, ends),
    *smaller({ native, text }): Iterable<SeccompInput> {
      for (const smaller of smallerJson(text)) yield { native, text: smaller };
    },
  };
}

function examplePolicies(): unknown[] {
  const full = JSON.parse(fixture("docker.json")).linux.seccomp;
  const every = JSON.parse(fixture("every-property.json")).linux.seccomp;
  const argument = (op: string, index = 0): unknown => ({ index, value: 8, valueTwo: 3, op });
  const small = {
    defaultAction: "SCMP_ACT_ERRNO",
    defaultErrnoRet: 38,
    architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32", "SCMP_ARCH_ARM"],
    flags: ["SECCOMP_FILTER_FLAG_LOG"],
    syscalls: [
      { names: ["read", "write", "socket", "accept4"], action: "SCMP_ACT_ALLOW" },
      { names: ["clone"], action: "SCMP_ACT_TRAP", args: [argument("SCMP_CMP_MASKED_EQ")] },
      {
        names: ["ioctl", "semop", "bind"],
        action: "SCMP_ACT_ERRNO",
        errnoRet: 5,
        args: [argument("SCMP_CMP_GT", 1), argument("SCMP_CMP_NE", 2)],
      },
      { names: ["personality"], action: "SCMP_ACT_ALLOW", args: [argument("SCMP_CMP_EQ")] },
      { names: ["personality"], action: "SCMP_ACT_LOG", args: [argument("SCMP_CMP_LE")] },
    ],
  };
  return [full, every, small, small, small];
}

function seccompTable(): Table {
  const at = (table: Table, name: string): Table => {
    const found = table[0] === "object" ? table[2][table[1].indexOf(name)] : undefined;
    if (found === undefined) throw new Error(`Cannot find ${name} in the schema`);
    return found;
  };
  return at(at(CONFIG_TABLE, "linux"), "seccomp");
}

async function compiled(
  policy: ValidSeccomp,
  native: SeccompArch,
): Promise<readonly ClassicInstruction[]> {
  return decodeClassic((await compileSeccomp(policy, { native, kernel: [6, 12] })).program);
}

async function faultOf(
  { native, text }: SeccompInput,
  compile: Compile,
  ends: Ends,
): Promise<Fault | null> {
  const config = asRead(`{"ociVersion":"1.0.0","root":{"path":"x"},"linux":{"seccomp":${text}}}`);
  try {
    const { seccomp } = validate(parseConfig(config, "config.json"), CONTEXT);
    if (seccomp === null) {
      ends.add("empty");
      return null;
    }
    const program = await compile(seccomp, native);
    const fault = programFault(program);
    ends.add("compiled");
    return fault ?? await agreement(seccomp, native, { program, compile });
  } catch (thrown) {
    ends.add("refused");
    const { text: message, stack } = failureOf(thrown);
    if (thrown instanceof SpecError) return messageFault(message, config);
    return { rule: "internal error", text: `${message} ${stack ?? ""}` };
  }
}

/** What the kernel would refuse to load. */
export function programFault(program: readonly ClassicInstruction[]): Fault | null {
  const fault = seccompFault(program);
  return fault === null ? null : { rule: "filter", text: `${fault.at}: ${fault.text}` };
}

/** A policy that says the same in other words must be the same filter to every call. */
async function agreement(
  policy: ValidSeccomp,
  native: SeccompArch,
  { program, compile }: { program: readonly ClassicInstruction[]; compile: Compile },
): Promise<Fault | null> {
  const { rules } = policy;
  // What is long already may be too long when it is said twice.
  if (rules.length > 200 || program.length > 1500) return null;
  const twice = rules.flatMap((rule) => [rule, rule]);
  const split = rules.flatMap((rule) => rule.names.map((name) => ({ ...rule, names: [name] })));
  const same = { twice, split };
  for (const [how, others] of Object.entries(same)) {
    const other = await compile({ ...policy, rules: others }, native);
    for (const words of calls(native, program)) {
      const [a, b] = [interpretClassic(program, words), interpretClassic(other, words)];
      if (a.answer === b.answer) continue;
      const text = `said ${how}, it answers ${b.answer} in place of ${a.answer} to ${words}`;
      return { rule: "answer", text };
    }
  }
  return null;
}

/** Calls of every architecture that the filter may see: numbers and arguments around those that it compares with. */
function calls(native: SeccompArch, program: readonly ClassicInstruction[]): Uint32Array[] {
  const constants = program.map(({ k }) => k);
  const random = new Random(program.length);
  const near = (): number => {
    const k = constants[random.below(constants.length)] ?? 0;
    return (k + random.below(3) - 1) >>> 0;
  };
  return Array.from({ length: 60 }, () => {
    const family = familyOf(native);
    const arch = family[random.below(family.length)] ?? native;
    const words = new Uint32Array(seccompData.size / 4);
    words[seccompData.offsets.nr / 4] = random.chance(70) ? near() : random.below(500);
    words[seccompData.offsets.arch / 4] = ARCH_TRAITS[arch].audit;
    for (let at = seccompData.offsets["args[0]"] / 4; at < words.length; at++) {
      words[at] = random.chance(50) ? near() : random.below(16);
    }
    return words;
  });
}
