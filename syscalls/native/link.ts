import type { Arch } from "syscalls/abi/arch.ts";
import { emitAarch64 } from "./backend_aarch64.ts";
import { writeElf } from "./elf.ts";
import { layOut, readOnlyBytes } from "./layout.ts";
import type { Program } from "./program.ts";
import { replay } from "./replay.ts";
import { x8664Writer } from "./x86_64_writer.ts";

/**
 * Compiles a program into a static executable for a machine: no libc, no stack, nothing looked up at run time.
 *
 * @throws {CodeSizeError} when there is more than 1 MiB of code on aarch64
 * @throws {RangeError} when there are hundreds of MiB of data
 */
export function link(program: Program, arch: Arch): Uint8Array<ArrayBuffer> {
  if (arch === "x86_64") {
    const writer = x8664Writer(program.initialReportFd);
    replay(program, writer);
    return writer.finish();
  }
  const layout = layOut(program, arch);
  return writeElf(layout, readOnlyBytes(program, layout), emitAarch64(program, layout));
}
