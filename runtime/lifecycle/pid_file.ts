import { HostError } from "runtime/base/errors.ts";
import { ioReason } from "runtime/base/io_failure.ts";

/** Writes a pid, decimal without a newline, so that a reader finds the whole number or no file. */
export function writePidFile(path: string, pid: number): void {
  const at = path.lastIndexOf("/");
  const draft = `${path.slice(0, at + 1)}.${path.slice(at + 1)}`;
  try {
    Deno.writeTextFileSync(draft, String(pid), { createNew: true });
    Deno.renameSync(draft, path);
  } catch (cause) {
    throw new HostError(`Cannot write pid file "${path}": ${ioReason(cause)}`, { cause });
  }
}
