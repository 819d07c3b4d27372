/** What a build for aarch64 has in place of the files for x86-64, see machine.ts. */
export function x8664Writer(): never {
  throw new TypeError("Cannot compile for x86-64: this build is for aarch64");
}

export function syscallNumber(): never {
  throw new TypeError("Cannot number a system call for x86-64: this build is for aarch64");
}
