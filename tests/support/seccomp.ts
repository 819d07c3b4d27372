import type { SyscallTable } from "syscalls/abi/syscall_tables/table.ts";
import type { ValidSeccomp } from "runtime/spec/valid.ts";
import { validSeccomp } from "runtime/spec/profile.ts";
import { OTHER_TABLES } from "runtime/compile/seccomp/other_tables.ts";
import { AARCH64, ARM } from "syscalls/abi/syscall_tables/arm.ts";
import { X32, X86, X86_64 } from "syscalls/abi/syscall_tables/x86.ts";

/** The system calls of every architecture. */
export const ALL_TABLES: Readonly<Record<string, SyscallTable>> = {
  ...OTHER_TABLES,
  SCMP_ARCH_AARCH64: AARCH64,
  SCMP_ARCH_ARM: ARM,
  SCMP_ARCH_X86_64: X86_64,
  SCMP_ARCH_X86: X86,
  SCMP_ARCH_X32: X32,
};

/** A profile as a person writes it. */
export interface Profile {
  readonly defaultAction: string;
  readonly defaultErrnoRet?: number;
  readonly architectures?: readonly string[];
  readonly flags?: readonly string[];
  readonly syscalls?: readonly ProfileRule[];
}

export interface ProfileRule {
  readonly names: readonly string[];
  readonly action: string;
  readonly errnoRet?: number;
  readonly args?: readonly ProfileCondition[];
}

export interface ProfileCondition {
  readonly index: number;
  readonly op: string;
  readonly value: bigint | number;
  readonly valueTwo?: bigint | number;
}

/** A profile, read and checked. */
export function policyOf(profile: Profile): ValidSeccomp {
  const numbers = new Map<string, string>();
  const text = JSON.stringify(profile, (_key, value) => {
    if (typeof value !== "bigint") return value;
    const mark = `@${numbers.size}@`;
    numbers.set(`"${mark}"`, String(value));
    return mark;
  });
  return validSeccomp(text.replace(/"@\d+@"/g, (mark) => numbers.get(mark) ?? mark), "profile")
    .policy;
}

/** Docker's default profile for a container with Docker's default capabilities on x86-64. */
export function dockerProfile(): Profile {
  const file = new URL("../fixtures/docker_seccomp.json", import.meta.url);
  return JSON.parse(Deno.readTextFileSync(file));
}
