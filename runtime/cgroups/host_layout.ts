import { HostError } from "runtime/base/errors.ts";
import { ioReason } from "runtime/base/io_failure.ts";
import { type Layout, parseLayout } from "./hierarchies.ts";

/** The control groups of this host, as this process sees them. */
export function hostLayout(): Layout {
  return parseLayout(read("/proc/self/mountinfo"), read("/proc/self/cgroup"));
}

function read(file: string): string {
  try {
    return Deno.readTextFileSync(file);
  } catch (cause) {
    throw new HostError(`Cannot read ${file}: ${ioReason(cause)}; hint: is /proc mounted?`, {
      cause,
    });
  }
}
