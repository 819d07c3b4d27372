import { SECCOMP_FILTER_FLAG } from "syscalls/abi/seccomp.ts";
import { decodeClassic } from "syscalls/bpf/classic.ts";
import { UsageError } from "runtime/base/errors.ts";
import {
  familyOf,
  headOfFamily,
  NATIVE_ARCH,
  type SyscallTables,
} from "runtime/compile/seccomp/archs.ts";
import { askFilter, type SeccompVerdict } from "runtime/compile/seccomp/ask.ts";
import { compileWith } from "runtime/compile/seccomp/compile.ts";
import { type ListedInstruction, listFilter, returnText } from "runtime/compile/seccomp/listing.ts";
import { archsOf } from "runtime/compile/seccomp/sections.ts";
import { loadTables } from "runtime/compile/seccomp/tables.ts";
import { readUserFile } from "runtime/host/bundle.ts";
import { probeHost } from "runtime/host/probe.ts";
import { type SeccompFile, validSeccomp } from "runtime/spec/profile.ts";
import type { SeccompArch } from "runtime/spec/valid.ts";
import { SECCOMP_ARCHS } from "runtime/spec/words/seccomp.ts";

/** What other tools call some of the architectures. */
const OTHER_NAMES: Readonly<Record<string, SeccompArch>> = {
  AMD64: "SCMP_ARCH_X86_64",
  ARM64: "SCMP_ARCH_AARCH64",
  I386: "SCMP_ARCH_X86",
  I686: "SCMP_ARCH_X86",
};

/** A profile and the machine it is looked at for. */
interface Subject {
  readonly file: SeccompFile;
  /** The architecture that was asked for. */
  readonly arch: SeccompArch;
  readonly native: SeccompArch;
  readonly kernel: readonly [number, number];
  readonly tables: SyscallTables;
}

/** @param arch null for this machine's own */
async function readSubject(path: string, arch: string | null): Promise<Subject> {
  const file = validSeccomp(readUserFile(path), path);
  const { arch: machine, kernel } = probeHost();
  const own = NATIVE_ARCH[machine];
  const asked = arch === null ? own : parseArch(arch);
  const native = familyOf(own).includes(asked) ? own : headOfFamily(asked);
  return { file, arch: asked, native, kernel, tables: await loadTables(native) };
}

/** An architecture as a profile names it, or without the prefix, in small letters too. */
function parseArch(text: string): SeccompArch {
  const name = text.toUpperCase().replace(/^SCMP_ARCH_/, "");
  const found = SECCOMP_ARCHS.find((arch) => arch === `SCMP_ARCH_${name}`) ?? OTHER_NAMES[name];
  if (found !== undefined) return found;
  const names = SECCOMP_ARCHS.map((arch) => arch.slice("SCMP_ARCH_".length).toLowerCase());
  throw new UsageError(`Cannot use architecture ${text}: it is none of ${names.join(", ")}`);
}

/** What a profile says of a call. */
export interface TestedCall {
  readonly syscall: string;
  readonly number: number;
  readonly arch: SeccompArch;
  /** The kernel's word for the action, with its data: `ERRNO(EPERM)`. */
  readonly answer: string;
  readonly reason: SeccompVerdict["reason"];
  /** JSON pointer of the rule, or of the default action; "" where neither decides. */
  readonly origin: string;
  readonly evaluated: number;
  readonly instructions: number;
}

export interface TestOptions {
  readonly profile: string;
  /** Name or number. */
  readonly syscall: string;
  readonly args: readonly string[];
  /** Null for this machine's own. */
  readonly arch: string | null;
}

/**
 * Asks a profile what it says of a call.
 *
 * @throws {UsageError} for a call that the architecture does not have, and for what is no number
 */
export async function testSeccomp(options: TestOptions): Promise<TestedCall> {
  const { file, arch, native, tables } = await readSubject(options.profile, options.arch);
  const number = syscallNumber(options.syscall, arch, tables);
  const given = options.args.map(parseArgument);
  const args = Array.from({ length: 6 }, (_, i) => given[i] ?? 0n);
  const verdict = askFilter(file.policy, native, tables, { arch, number, args });
  const { answer, reason, origin, evaluated, instructions } = verdict;
  return {
    syscall: syscallName(number, arch, tables),
    number,
    arch,
    answer: returnText(answer),
    reason,
    origin: reason === "default" ? `${file.origin}/defaultAction` : origin,
    evaluated,
    instructions,
  };
}

function syscallNumber(text: string, arch: SeccompArch, tables: SyscallTables): number {
  const table = tables[arch] ?? {};
  if (Object.hasOwn(table, text)) return table[text] as number;
  const number = Number(text);
  if (/^\d|^-1$/.test(text) && Number.isInteger(number) && number < 2 ** 32) return number >>> 0;
  throw new UsageError(
    `Cannot find system call ${text}: ${arch} has none of that name in this version's tables; hint: give its number`,
  );
}

function syscallName(number: number, arch: SeccompArch, tables: SyscallTables): string {
  const found = Object.entries(tables[arch] ?? {}).find(([, it]) => it === number);
  return found?.[0] ?? String(number);
}

/** Decimal, `0x...`, `0o...` or `0b...`; a negative number is what the kernel sees of it. */
function parseArgument(text: string): bigint {
  const [, sign, digits = ""] = /^(-?)(\w+)$/.exec(text) ?? [];
  try {
    const value = BigInt(digits === "" ? "?" : digits) * (sign === "-" ? -1n : 1n);
    if (value >= -(2n ** 63n) && value < 2n ** 64n) return BigInt.asUintN(64, value);
  } catch {
    // Falls through to the same error as for a number that is too large.
  }
  throw new UsageError(`Cannot use argument ${text}: it is no 64-bit number`);
}

/** A compiled profile. */
export interface DumpedFilter {
  readonly archs: readonly SeccompArch[];
  /** SECCOMP_FILTER_FLAG_*. */
  readonly flags: string;
  readonly program: Uint8Array<ArrayBuffer>;
  readonly listing: readonly ListedInstruction[];
  readonly warnings: readonly string[];
}

/** Compiles a profile and lists what came out. */
export async function dumpSeccomp(path: string, arch: string | null): Promise<DumpedFilter> {
  const { file: { policy }, native, kernel, tables } = await readSubject(path, arch);
  const { program, flags, warnings } = compileWith(policy, { native, kernel }, tables, path);
  const archs = archsOf(policy, native);
  return {
    archs,
    flags: SECCOMP_FILTER_FLAG.text(BigInt(flags)),
    program,
    listing: listFilter(decodeClassic(program), archs, tables),
    warnings,
  };
}
