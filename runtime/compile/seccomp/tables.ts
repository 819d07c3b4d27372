import type { SyscallTable } from "syscalls/abi/syscall_tables/table.ts";
import type { SeccompArch } from "runtime/spec/valid.ts";
import type { SyscallTables } from "./archs.ts";

/** The tables of a machine and of the other architectures that it takes calls of. */
export async function loadTables(native: SeccompArch): Promise<SyscallTables> {
  switch (native) {
    case "SCMP_ARCH_X86_64":
    case "SCMP_ARCH_X32":
    case "SCMP_ARCH_X86":
      return x86Tables(await import("syscalls/abi/syscall_tables/x86.ts"));
    case "SCMP_ARCH_AARCH64":
    case "SCMP_ARCH_ARM":
      return armTables(await import("syscalls/abi/syscall_tables/arm.ts"));
    default:
      return (await import("./other_tables.ts")).OTHER_TABLES;
  }
}

/** Those of every architecture. */
export async function loadAllTables(): Promise<SyscallTables> {
  return {
    ...(await import("./other_tables.ts")).OTHER_TABLES,
    ...x86Tables(await import("syscalls/abi/syscall_tables/x86.ts")),
    ...armTables(await import("syscalls/abi/syscall_tables/arm.ts")),
  };
}

function x86Tables(
  { X86_64, X32, X86 }: Readonly<Record<"X86_64" | "X32" | "X86", SyscallTable>>,
): SyscallTables {
  return { SCMP_ARCH_X86_64: X86_64, SCMP_ARCH_X32: X32, SCMP_ARCH_X86: X86 };
}

function armTables(
  { AARCH64, ARM }: Readonly<Record<"AARCH64" | "ARM", SyscallTable>>,
): SyscallTables {
  return { SCMP_ARCH_AARCH64: AARCH64, SCMP_ARCH_ARM: ARM };
}
