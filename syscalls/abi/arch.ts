/** The machines that ocirt runs on and compiles for, as `uname -m` names them. */
export type Arch = "x86_64" | "aarch64";

/** What an ELF header says in `e_machine` (linux/elf-em.h). */
export const ELF_MACHINE: Readonly<Record<Arch, number>> = { x86_64: 62, aarch64: 183 };

/** What seccomp and audit call a machine: ELF machine, 64-bit, little-endian (linux/audit.h). */
export const AUDIT_ARCH: Readonly<Record<Arch, number>> = {
  x86_64: 0xc000003e,
  aarch64: 0xc00000b7,
};
