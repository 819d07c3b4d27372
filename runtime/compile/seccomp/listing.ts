import { errnoName } from "syscalls/abi/errno.ts";
import { AUDIT_ARCHS, SECCOMP_RET, SECCOMP_RET_MASK, seccompData } from "syscalls/abi/seccomp.ts";
import type { SyscallTable } from "syscalls/abi/syscall_tables/table.ts";
import { CLASSIC, type ClassicInstruction } from "syscalls/bpf/classic.ts";
import type { SeccompArch } from "runtime/spec/valid.ts";
import { ARCH_TRAITS, type SyscallTables } from "./archs.ts";

/** One instruction as people read it. */
export interface ListedInstruction {
  readonly text: string;
  /** What the constant of a comparison stands for; "" for nothing. */
  readonly note: string;
}

const MNEMONICS: Readonly<Record<number, string>> = {
  [CLASSIC.load]: "ld",
  [CLASSIC.and]: "and",
  [CLASSIC.jump]: "ja",
  [CLASSIC.jumpIfEqual]: "jeq",
  [CLASSIC.jumpIfAbove]: "jgt",
  [CLASSIC.jumpIfAtLeast]: "jge",
  [CLASSIC.jumpIfAnyBit]: "jset",
  [CLASSIC.answer]: "ret",
};

/**
 * A filter as text, one line an instruction, in the form of the kernel's own bpf_dbg: targets of jumps are line numbers.
 *
 * @param archs those that the filter was made for, its machine's own first
 */
export function listFilter(
  program: readonly ClassicInstruction[],
  archs: readonly SeccompArch[],
  tables: SyscallTables,
): readonly ListedInstruction[] {
  const isByNumber = program[0]?.k === seccompData.offsets.nr;
  const sections = namesBySection(archs, tables);
  let section = -1;
  let loaded = -1;
  return program.map((instruction, at) => {
    const { code, k } = instruction;
    if (code === CLASSIC.load) {
      loaded = k;
      if (k === seccompData.offsets.nr) section++;
    }
    const isJump = code !== CLASSIC.load && code !== CLASSIC.answer && code !== CLASSIC.jump &&
      code !== CLASSIC.and;
    const note = !isJump
      ? ""
      : loaded === seccompData.offsets.arch
      ? auditName(k)
      : loaded === seccompData.offsets.nr
      ? isByNumber ? namesOf(k, sections) : sections[section]?.get(k) ?? ""
      : "";
    return { text: textOf(instruction, at), note };
  });
}

/** For each section of a filter, in their order, the names of its system calls. */
function namesBySection(
  archs: readonly SeccompArch[],
  tables: SyscallTables,
): readonly ReadonlyMap<number, string>[] {
  const sections = new Map<number, Map<number, string>>();
  for (const arch of archs) {
    const { audit } = ARCH_TRAITS[arch];
    const names = sections.get(audit) ?? new Map<number, string>();
    const table: SyscallTable = tables[arch] ?? {};
    for (const name in table) names.set(table[name] as number, name);
    sections.set(audit, names);
  }
  return [...sections.values()];
}

/** The names that a number has on each architecture, `-` for none: `mount / getresuid`. */
function namesOf(number: number, sections: readonly ReadonlyMap<number, string>[]): string {
  const names = sections.map((section) => section.get(number) ?? "-");
  return names.every((name) => name === "-") ? "" : names.join(" / ");
}

function textOf({ code, jt, jf, k }: ClassicInstruction, at: number): string {
  const mnemonic = (MNEMONICS[code] ?? `0x${code.toString(16)}`).padEnd(4);
  switch (code) {
    case CLASSIC.load:
      return `${mnemonic} ${wordName(k)}`;
    case CLASSIC.jump:
      return `${mnemonic} ${at + 1 + k}`;
    case CLASSIC.answer:
      return `${mnemonic} ${returnText(k)}`;
    case CLASSIC.and:
      return `${mnemonic} #0x${k.toString(16)}`;
    default:
      return `${mnemonic} #0x${k.toString(16)}, ${at + 1 + jt}, ${at + 1 + jf}`;
  }
}

function wordName(offset: number): string {
  const { nr, arch, "args[0]": first } = seccompData.offsets;
  if (offset === nr) return "nr";
  if (offset === arch) return "arch";
  const word = (offset - first) / 4;
  return `args[${word >> 1}] + ${word % 2 * 4}`;
}

function auditName(audit: number): string {
  return Object.entries(AUDIT_ARCHS).find(([, value]) => value === audit)?.[0] ?? "";
}

/** What a filter returns, in the kernel's words: `ERRNO(EPERM)`. */
export function returnText(value: number): string {
  const { action, data } = splitReturn(value);
  if (action === "ERRNO") return `ERRNO(${errnoName(data)})`;
  return data === 0 ? action : `${action}(${data})`;
}

/** The action of what a filter returns, without its prefix, and the data. */
export function splitReturn(value: number): { readonly action: string; readonly data: number } {
  const full = (value & SECCOMP_RET_MASK.SECCOMP_RET_ACTION_FULL) >>> 0;
  const name = Object.entries(SECCOMP_RET).find(([, action]) => action === full)?.[0] ?? "";
  return {
    action: name.replace("SECCOMP_RET_", ""),
    data: value & SECCOMP_RET_MASK.SECCOMP_RET_DATA,
  };
}
