import type { Arch } from "syscalls/abi/arch.ts";
import { emitAarch64 } from "./backend_aarch64.ts";
import { emitX8664 } from "./backend_x86_64.ts";
import { writeElf } from "./elf.ts";
import { layOut, readOnlyBytes } from "./layout.ts";
import type { Program } from "./program.ts";

/**
 * Compiles a program into a static executable for a machine: no libc, no stack, nothing looked up at run time.
 *
 * @throws {RangeError} when the program is too large: hundreds of MiB of data, or 1 MiB of code on aarch64
 */
export function link(program: Program, arch: Arch): Uint8Array<ArrayBuffer> {
  const layout = layOut(program, arch);
  const code = arch === "x86_64" ? emitX8664(program, layout) : emitAarch64(program, layout);
  return writeElf(layout, readOnlyBytes(program, layout), code);
}
