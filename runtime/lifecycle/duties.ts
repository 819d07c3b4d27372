import type { Pid } from "syscalls/abi/brand.ts";
import type { RLIMIT } from "syscalls/abi/process.ts";
import { writeFile } from "syscalls/libc/paths.ts";
import { setLimit } from "syscalls/libc/process.ts";
import { HostError } from "runtime/base/errors.ts";
import { errnoReason, ioReason } from "runtime/base/io_failure.ts";
import { cgroupHint } from "runtime/launch/explain.ts";
import type { IdMapping } from "runtime/spec/valid.ts";
import type { HostDuties } from "runtime/plan/plan.ts";

type IdMaps = Pick<HostDuties, "uidMappings" | "gidMappings">;

/**
 * Writes the maps of a new user namespace, as root of the one around it.
 *
 * @param origin what has the mappings in config.json, as a JSON pointer
 */
export function writeIdMaps(
  process: Pid,
  { uidMappings, gidMappings }: IdMaps,
  origin: string,
): void {
  writeProcFile(process, "uid_map", idMapText(uidMappings), `${origin}/uidMappings`);
  writeProcFile(process, "gid_map", idMapText(gidMappings), `${origin}/gidMappings`);
}

/** A line for each range, as the kernel takes them (user_namespaces(7)). */
export function idMapText(mappings: readonly IdMapping[]): string {
  return mappings.map(({ containerID, hostID, size }) => `${containerID} ${hostID} ${size}\n`).join(
    "",
  );
}

/** Moves a process into the version 2 cgroup that it was not born in. */
export function moveIntoCgroup(init: Pid, { moveInto }: HostDuties): void {
  if (moveInto === null) return;
  const result = writeFile(`${moveInto}/cgroup.procs`, String(init), { create: null });
  if (result === 0) return;
  const hint = cgroupHint(-result);
  const why = hint === null ? "" : `; hint: ${hint}`;
  throw new HostError(`Cannot join cgroup "${moveInto}": ${errnoReason(-result)}${why}`);
}

/** Lowers or raises the chance that the kernel kills the container for want of memory. */
export function setOomScore(init: Pid, { oomScoreAdj }: HostDuties): void {
  if (oomScoreAdj === null) return;
  writeProcFile(init, "oom_score_adj", String(oomScoreAdj), "/process/oomScoreAdj");
}

/** Sets the limits that the init may not set itself. */
export function setLimits(init: Pid, { rlimits }: HostDuties): void {
  for (const { type, soft, hard } of rlimits) {
    setLimit(init, type as keyof typeof RLIMIT, soft, hard);
  }
}

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
