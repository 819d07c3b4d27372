import { ioCode } from "runtime/base/io_failure.ts";

/** Whether the process is pid 1 of its own pid namespace; true of one that has ended, which leads nothing any more. */
export function leadsItsNamespace(init: number): boolean {
  try {
    return /^NSpid:.*\t1$/m.test(Deno.readTextFileSync(`/proc/${init}/status`));
  } catch (cause) {
    const code = ioCode(cause);
    if (code === "ENOENT" || code === "ESRCH") return true;
    throw cause;
  }
}
