import { realTime } from "syscalls/libc/clock.ts";
import type { WaitStatus } from "syscalls/libc/process.ts";
import type { RecordPaths } from "runtime/base/paths.ts";
import { oomKills } from "runtime/cgroups/oom_kills.ts";
import { exitStatus } from "runtime/launch/wait.ts";
import { startedAt, writeExit } from "runtime/state/exit.ts";
import type { ContainerRecord } from "runtime/state/record.ts";
import { rfc3339 } from "runtime/state/timestamp.ts";

/** Notes how a container's init ended, for `state` and `wait`. The caller holds the lock. */
export function recordExit(
  { cgroups }: ContainerRecord,
  paths: RecordPaths,
  status: WaitStatus,
): void {
  writeExit(paths, {
    status: exitStatus(status),
    signal: status.kind === "signaled" ? status.signal : null,
    oomKilled: oomKills(cgroups) > 0,
    started: startedAt(paths),
    finished: rfc3339(realTime()),
  });
}
