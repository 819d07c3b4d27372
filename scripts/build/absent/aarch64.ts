/** What a build for x86-64 has in place of the files for aarch64, see machine.ts. */
export function emitAarch64(): never {
  throw new TypeError("Cannot compile for aarch64: this build is for x86-64");
}

export { emitAarch64 as syscallNumber };
