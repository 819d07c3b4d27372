import { hostArch } from "syscalls/libc/library.ts";
import { ProgramBuilder } from "syscalls/native/builder.ts";
import { link } from "syscalls/native/link.ts";

/** Makes an executable for what no shell can do: a list of system calls, whose failure ends it with status 1. */
export function makeProgram(path: string, write: (program: ProgramBuilder) => void): void {
  const program = new ProgramBuilder(2);
  program.step({ label: path, origin: "" });
  write(program);
  program.exit(0);
  Deno.writeFileSync(path, link(program.build(), hostArch()), { mode: 0o755 });
}
