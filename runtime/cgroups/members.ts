import type { Pid } from "syscalls/abi/brand.ts";
import { HostError } from "runtime/base/errors.ts";
import { ioReason } from "runtime/base/io_failure.ts";
import { collectPids } from "./tree.ts";

/** Moves a process into every one of a container's folders. */
export function joinAll(dirs: readonly string[], pid: Pid): void {
  for (const dir of dirs) {
    try {
      Deno.writeTextFileSync(`${dir}/cgroup.procs`, String(pid), { create: false });
    } catch (cause) {
      throw new HostError(`Cannot move process ${pid} into cgroup ${dir}: ${ioReason(cause)}`, {
        cause,
      });
    }
  }
}

/** The processes in a container's folders and below, each once. */
export function pidsOf(dirs: readonly string[]): Pid[] {
  const found = new Set<Pid>();
  for (const dir of dirs) collectPids(dir, found);
  return [...found];
}
