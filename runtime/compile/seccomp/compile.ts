import { BPF_MAXINSNS } from "syscalls/abi/seccomp.ts";
import type { SyscallTable } from "syscalls/abi/syscall_tables/table.ts";
import { CLASSIC_SIZE } from "syscalls/bpf/classic.ts";
import { type Problem, SpecError } from "runtime/base/errors.ts";
import type { SeccompArch, ValidSeccomp } from "runtime/spec/valid.ts";
import { show } from "runtime/spec/show.ts";
import { otherAuditOf, type SyscallTables } from "./archs.ts";
import { flagsOf, requireFlags } from "./flags.ts";
import { writeFilter } from "./filter.ts";
import { archsOf, sectionsOf } from "./sections.ts";
import { loadAllTables, loadTables } from "./tables.ts";

/** What a filter is made for. */
export interface SeccompMachine {
  /** The architecture of the kernel; NATIVE_ARCH has it for those that ocirt runs on. */
  readonly native: SeccompArch;
  /** Kernel release as `[major, minor]`. */
  readonly kernel: readonly [number, number];
}

/** A policy as seccomp(2) takes it. */
export interface CompiledSeccomp {
  /** `struct sock_filter[]`, little-endian. */
  readonly program: Uint8Array<ArrayBuffer>;
  readonly instructions: number;
  /** SECCOMP_FILTER_FLAG_*, with NEW_LISTENER where it notifies. */
  readonly flags: number;
  /** Whether some rule has SCMP_ACT_NOTIFY: the call then returns a descriptor, and a listener is needed. */
  readonly notifies: boolean;
  /** What a person may want to know: names that no architecture of the machine has. */
  readonly warnings: readonly string[];
}

/**
 * Compiles a policy to the program that the kernel runs before each system call.
 *
 * @param fileName for the message of a program that is too long
 * @throws {SpecError} when the program has more instructions than the kernel takes, the kernel lacks a flag, or a system call is unknown that must not be
 */
export async function compileSeccomp(
  policy: ValidSeccomp,
  machine: SeccompMachine,
  fileName = "config.json",
): Promise<CompiledSeccomp> {
  if (policy.refusesUnknown) requireKnown(policy, await loadAllTables(), fileName);
  return compileWith(policy, machine, await loadTables(machine.native), fileName);
}

/** The same with tables that are at hand. */
export function compileWith(
  policy: ValidSeccomp,
  { native, kernel }: SeccompMachine,
  tables: SyscallTables,
  fileName: string,
): CompiledSeccomp {
  const program = writeFilter(sectionsOf(policy, native, tables), otherAuditOf(native));
  const instructions = program.length / CLASSIC_SIZE;
  if (instructions > BPF_MAXINSNS) {
    const problem: Problem = {
      path: "/linux/seccomp",
      text:
        `its filter has ${instructions} instructions, and the kernel takes ${BPF_MAXINSNS} at most`,
    };
    throw new SpecError(fileName, [problem]);
  }
  requireFlags(policy, kernel, fileName);
  const notifies = policy.rules.some(({ answer }) => answer.action === "SCMP_ACT_NOTIFY");
  return {
    program,
    instructions,
    flags: flagsOf(policy.flags, notifies),
    notifies,
    warnings: unknownNames(policy, archsOf(policy, native), tables),
  };
}

/** New profiles name calls that are newer than these tables, and calls of other machines. */
function unknownNames(
  policy: ValidSeccomp,
  archs: readonly SeccompArch[],
  tables: SyscallTables,
): readonly string[] {
  const known = archs.map((arch) => tables[arch] ?? {});
  const warnings: string[] = [];
  for (const { names, origin } of policy.rules) {
    const others = names.filter((name) => !isIn(known, name));
    if (others.length === 0) continue;
    warnings.push(`${origin}/names: no system call of ${archs.join(", ")}: ${others.join(", ")}`);
  }
  return warnings;
}

/**
 * Refuses names that no architecture has, in rules that change something. A profile for many machines names calls of others, which are
 * known.
 */
function requireKnown(
  { rules, defaultAnswer }: ValidSeccomp,
  tables: SyscallTables,
  fileName: string,
): void {
  const known = Object.values(tables);
  const unknown = new Map<string, string>();
  for (const { names, answer, origin } of rules) {
    if (answer.action === defaultAnswer.action && answer.data === defaultAnswer.data) continue;
    for (const [i, name] of names.entries()) {
      if (!isIn(known, name)) unknown.set(`${origin}/names/${i}`, name);
    }
  }
  if (unknown.size === 0) return;
  const problems = Array.from(unknown, ([path, name]): Problem => {
    return { path, text: `${show(name)} is no system call of any architecture` };
  });
  throw new SpecError(fileName, problems);
}

function isIn(tables: readonly SyscallTable[], name: string): boolean {
  for (const table of tables) if (Object.hasOwn(table, name)) return true;
  return false;
}
