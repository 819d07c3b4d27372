import type { Pid } from "syscalls/abi/brand.ts";
import { ERRNO } from "syscalls/abi/errno.ts";
import type { RLIMIT } from "syscalls/abi/process.ts";
import { writeFile } from "syscalls/libc/paths.ts";
import { setLimit } from "syscalls/libc/process.ts";
import { HostError } from "runtime/base/errors.ts";
import type { Logger } from "runtime/base/log.ts";
import { errnoReason, ioCode, ioReason } from "runtime/base/io_failure.ts";
import { cgroupHint } from "runtime/launch/explain.ts";
import type { HostDuties } from "runtime/plan/plan.ts";

/** Has somebody else move a process into a version 2 cgroup. */
export type Attach = (process: Pid, directory: string) => void;

/**
 * Moves a process into the version 2 cgroup that it was not born in.
 * @param orAttach how else it comes there; null where there is no other way
 */
export function moveIntoCgroup(
  process: Pid,
  { moveInto }: HostDuties,
  orAttach: Attach | null = null,
): void {
  if (moveInto === null) return;
  const result = writeFile(`${moveInto}/cgroup.procs`, String(process), { create: null });
  if (result === 0) return;
  if (orAttach !== null && -result === ERRNO.EACCES) return orAttach(process, moveInto);
  const hint = cgroupHint(-result);
  const why = hint === null ? "" : `; hint: ${hint}`;
  throw new HostError(`Cannot join cgroup "${moveInto}": ${errnoReason(-result)}${why}`);
}

/**
 * Lowers or raises the chance that the kernel kills the container for want of memory. An ordinary user may only raise it: then it
 * stays, as every such user's container relies on.
 */
export function setOomScore(log: Logger, init: Pid, { oomScoreAdj }: HostDuties): void {
  if (oomScoreAdj === null) return;
  const { value, mayBeRefused } = oomScoreAdj;
  try {
    writeProcFile(init, "oom_score_adj", String(value), "/process/oomScoreAdj");
  } catch (thrown) {
    const isDenied = thrown instanceof HostError && ioCode(thrown.cause) === "EACCES";
    if (!isDenied || !mayBeRefused) throw thrown;
    log.log("debug", thrown.message);
  }
}

/** Sets the limits that the init may not set itself. */
export function setLimits(init: Pid, { rlimits }: HostDuties): void {
  for (const { type, soft, hard } of rlimits) {
    setLimit(init, type as keyof typeof RLIMIT, soft, hard);
  }
}

/** Writes to a file of a process that a property of config.json is for. */
function writeProcFile(process: Pid, name: string, text: string, origin: string): void {
  const path = `/proc/${process}/${name}`;
  try {
    Deno.writeTextFileSync(path, text, { create: false });
  } catch (cause) {
    const value = JSON.stringify(text.trimEnd().replaceAll("\n", ", "));
    throw new HostError(`Cannot write ${value} to "${path}" (${origin}): ${ioReason(cause)}`, {
      cause,
    });
  }
}
