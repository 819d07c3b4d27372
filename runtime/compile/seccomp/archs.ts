import type { Arch } from "syscalls/abi/arch.ts";
import { AUDIT_ARCHS } from "syscalls/abi/seccomp.ts";
import type { SyscallTable } from "syscalls/abi/syscall_tables/table.ts";
import type { SeccompArch } from "runtime/spec/valid.ts";

/** The system calls of some architectures. */
export type SyscallTables = Partial<Readonly<Record<SeccompArch, SyscallTable>>>;

/** What a filter must know of an architecture. */
export interface ArchTraits {
  /** What `seccomp_data.arch` says. */
  readonly audit: number;
  /** Arguments are 64-bit numbers; of the others the low half alone is looked at, which is all that the kernel takes of them. */
  readonly wide: boolean;
  readonly bigEndian: boolean;
  /** Has socketcall(2) and ipc(2), by which the calls of sockets and of System V IPC can be made as well. */
  readonly multiplexed: boolean;
}

function traits(name: keyof typeof AUDIT_ARCHS, ...words: readonly string[]): ArchTraits {
  return {
    audit: AUDIT_ARCHS[name],
    wide: words.includes("wide"),
    bigEndian: words.includes("big-endian"),
    multiplexed: words.includes("multiplexed"),
  };
}

/** Every architecture that a profile may name. */
export const ARCH_TRAITS: Readonly<Record<SeccompArch, ArchTraits>> = {
  SCMP_ARCH_AARCH64: traits("AUDIT_ARCH_AARCH64", "wide"),
  SCMP_ARCH_ARM: traits("AUDIT_ARCH_ARM"),
  SCMP_ARCH_LOONGARCH64: traits("AUDIT_ARCH_LOONGARCH64", "wide"),
  SCMP_ARCH_M68K: traits("AUDIT_ARCH_M68K", "big-endian", "multiplexed"),
  SCMP_ARCH_MIPS: traits("AUDIT_ARCH_MIPS", "big-endian", "multiplexed"),
  SCMP_ARCH_MIPS64: traits("AUDIT_ARCH_MIPS64", "wide", "big-endian"),
  SCMP_ARCH_MIPS64N32: traits("AUDIT_ARCH_MIPS64N32", "big-endian"),
  SCMP_ARCH_MIPSEL: traits("AUDIT_ARCH_MIPSEL", "multiplexed"),
  SCMP_ARCH_MIPSEL64: traits("AUDIT_ARCH_MIPSEL64", "wide"),
  SCMP_ARCH_MIPSEL64N32: traits("AUDIT_ARCH_MIPSEL64N32"),
  SCMP_ARCH_PARISC: traits("AUDIT_ARCH_PARISC", "big-endian"),
  SCMP_ARCH_PARISC64: traits("AUDIT_ARCH_PARISC64", "wide", "big-endian"),
  SCMP_ARCH_PPC: traits("AUDIT_ARCH_PPC", "big-endian", "multiplexed"),
  SCMP_ARCH_PPC64: traits("AUDIT_ARCH_PPC64", "wide", "big-endian", "multiplexed"),
  SCMP_ARCH_PPC64LE: traits("AUDIT_ARCH_PPC64LE", "wide", "multiplexed"),
  SCMP_ARCH_RISCV64: traits("AUDIT_ARCH_RISCV64", "wide"),
  SCMP_ARCH_S390: traits("AUDIT_ARCH_S390", "big-endian", "multiplexed"),
  SCMP_ARCH_S390X: traits("AUDIT_ARCH_S390X", "wide", "big-endian", "multiplexed"),
  SCMP_ARCH_SH: traits("AUDIT_ARCH_SHEL", "multiplexed"),
  SCMP_ARCH_SHEB: traits("AUDIT_ARCH_SH", "big-endian", "multiplexed"),
  SCMP_ARCH_X32: traits("AUDIT_ARCH_X86_64"),
  SCMP_ARCH_X86: traits("AUDIT_ARCH_I386", "multiplexed"),
  SCMP_ARCH_X86_64: traits("AUDIT_ARCH_X86_64", "wide"),
};

/** The machines that ocirt runs on, as a profile names them. */
export const NATIVE_ARCH: Readonly<Record<Arch, SeccompArch>> = {
  x86_64: "SCMP_ARCH_X86_64",
  aarch64: "SCMP_ARCH_AARCH64",
};

/** Architectures whose calls one kernel can take; a machine that is in none takes its own alone. */
const FAMILIES: readonly (readonly SeccompArch[])[] = [
  ["SCMP_ARCH_X86_64", "SCMP_ARCH_X32", "SCMP_ARCH_X86"],
  ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"],
  ["SCMP_ARCH_MIPS64", "SCMP_ARCH_MIPS64N32", "SCMP_ARCH_MIPS"],
  ["SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_MIPSEL"],
  ["SCMP_ARCH_PARISC64", "SCMP_ARCH_PARISC"],
  ["SCMP_ARCH_PPC64", "SCMP_ARCH_PPC"],
  ["SCMP_ARCH_S390X", "SCMP_ARCH_S390"],
];

/**
 * Machines whose kernel reports their own architecture and one other, and nothing else whatever a process does. So says what
 * `seccomp_data.arch` comes from, syscall_get_arch(): in arch/x86/include/asm/syscall.h AUDIT_ARCH_I386 for a call by a 32-bit gate, else
 * AUDIT_ARCH_X86_64, also for x32; in arch/arm64/include/asm/syscall.h AUDIT_ARCH_ARM for a 32-bit task, else AUDIT_ARCH_AARCH64.
 */
const OTHER_REPORTED: Partial<Readonly<Record<SeccompArch, SeccompArch>>> = {
  SCMP_ARCH_X86_64: "SCMP_ARCH_X86",
  SCMP_ARCH_AARCH64: "SCMP_ARCH_ARM",
};

/** What `seccomp_data.arch` can be on a machine beside its own; null where that is not one value for sure. */
export function otherAuditOf(native: SeccompArch): number | null {
  const other = OTHER_REPORTED[native];
  return other === undefined ? null : ARCH_TRAITS[other].audit;
}

/** The architectures that a kernel for this one takes calls of: itself first, then the others. */
export function familyOf(native: SeccompArch): readonly SeccompArch[] {
  const family = FAMILIES.find((members) => members.includes(native)) ?? [];
  return [native, ...family.filter((arch) => arch !== native)];
}

/** The machine whose kernel takes the most architectures with this one: the 64-bit one of its family. */
export function headOfFamily(arch: SeccompArch): SeccompArch {
  return FAMILIES.find((members) => members.includes(arch))?.[0] ?? arch;
}
