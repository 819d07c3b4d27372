import { SyscallError } from "syscalls/abi/syscall_error.ts";
import { mode } from "syscalls/abi/brand.ts";
import { writeFile } from "syscalls/libc/paths.ts";
import { HostError } from "runtime/base/errors.ts";
import { ioCode, ioReason } from "runtime/base/io_failure.ts";

/** The text of a file without the white space around it; null where there is none. */
export function readResctrlFile(path: string): string | null {
  try {
    return Deno.readTextFileSync(path).trim();
  } catch (cause) {
    const code = ioCode(cause);
    if (code === "ENOENT" || code === "ENODEV") return null;
    throw new HostError(`Cannot read ${path}: ${ioReason(cause)}`, { cause });
  }
}

/** 0, or `-errno`. */
export function writeResctrlFile(path: string, text: string): number {
  return writeFile(path, `${text}\n`, { create: mode(0o600) });
}

/**
 * A call that the kernel has refused, with what it says of the reason (info/last_cmd_status).
 *
 * @param root where resctrl is mounted
 */
export function resctrlFailure(
  root: string,
  { verb, object, errno }: { verb: string; object: string; errno: number },
): HostError {
  const status = readResctrlFile(`${root}/info/last_cmd_status`) ?? "";
  const hint = status === "" || status === "ok" ? {} : { hint: `the kernel says: ${status}` };
  const cause = new SyscallError({ verb, object: `${object} (/linux/intelRdt)`, errno, ...hint });
  return new HostError(cause.message, { cause });
}
