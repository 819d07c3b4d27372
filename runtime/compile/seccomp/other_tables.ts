import { LOONGARCH64 } from "syscalls/abi/syscall_tables/loongarch.ts";
import { M68K } from "syscalls/abi/syscall_tables/m68k.ts";
import { MIPS, MIPS64, MIPS64N32 } from "syscalls/abi/syscall_tables/mips.ts";
import { PARISC, PARISC64 } from "syscalls/abi/syscall_tables/parisc.ts";
import { PPC, PPC64 } from "syscalls/abi/syscall_tables/powerpc.ts";
import { RISCV64 } from "syscalls/abi/syscall_tables/riscv.ts";
import { S390, S390X } from "syscalls/abi/syscall_tables/s390.ts";
import { SH } from "syscalls/abi/syscall_tables/sh.ts";
import type { SyscallTables } from "./archs.ts";

/** The system calls of machines that ocirt does not run on; `ocirt seccomp` knows them. */
export const OTHER_TABLES: SyscallTables = {
  SCMP_ARCH_LOONGARCH64: LOONGARCH64,
  SCMP_ARCH_M68K: M68K,
  SCMP_ARCH_MIPS: MIPS,
  SCMP_ARCH_MIPS64: MIPS64,
  SCMP_ARCH_MIPS64N32: MIPS64N32,
  SCMP_ARCH_MIPSEL: MIPS,
  SCMP_ARCH_MIPSEL64: MIPS64,
  SCMP_ARCH_MIPSEL64N32: MIPS64N32,
  SCMP_ARCH_PARISC: PARISC,
  SCMP_ARCH_PARISC64: PARISC64,
  SCMP_ARCH_PPC: PPC,
  SCMP_ARCH_PPC64: PPC64,
  SCMP_ARCH_PPC64LE: PPC64,
  SCMP_ARCH_RISCV64: RISCV64,
  SCMP_ARCH_S390: S390,
  SCMP_ARCH_S390X: S390X,
  SCMP_ARCH_SH: SH,
  SCMP_ARCH_SHEB: SH,
};
