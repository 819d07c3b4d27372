import type { Pid } from "syscalls/abi/brand.ts";
import { ERRNO } from "syscalls/abi/errno.ts";
import { SIGNALS } from "syscalls/abi/signal.ts";
import { SyscallError } from "syscalls/abi/syscall_error.ts";
import { rawCall } from "syscalls/libc/call.ts";
import { writeFile } from "syscalls/libc/paths.ts";
import { StateError } from "runtime/base/errors.ts";
import type { ContainerCgroup } from "./driver.ts";
import { thawBelow } from "./freeze.ts";
import { killFamily } from "./kill_family.ts";
import { pause } from "./remove.ts";

/** How long killed processes may take to end, in milliseconds. */
const PATIENCE = 5000;

const NO_KILL_FILE: readonly number[] = [ERRNO.ENOENT, ERRNO.ENODEV, ERRNO.EOPNOTSUPP];

/**
 * Sends a signal to every process of a container, those that are forked meanwhile too. After SIGKILL it waits until none is left.
 * @throws {StateError} naming the processes that SIGKILL has not ended after 5 s
 */
export function killAll(cgroup: ContainerCgroup, signal: number): void {
  if (signal !== SIGNALS.SIGKILL) {
    signalEach(cgroup, signal);
    return;
  }
  if (cgroup.directories.length === 0) return killFamily(() => others(cgroup));
  killWhole(cgroup.directories);
  const end = performance.now() + PATIENCE;
  for (let wait = 1;; wait = Math.min(2 * wait, 50)) {
    const left = others(cgroup);
    if (left.length === 0) return;
    if (performance.now() > end) {
      throw new StateError(`Cannot kill process(es) ${left.join(", ")}: still there after 5 s`);
    }
    for (const pid of left) send(pid, signal);
    thawBelow(cgroup.directories);
    pause(wait);
  }
}

/** Signals those that are there, then those that came meanwhile, until there is no new one. */
function signalEach(cgroup: ContainerCgroup, signal: number): void {
  const told = new Set<Pid>();
  for (;;) {
    const news = others(cgroup).filter((pid) => !told.has(pid));
    if (news.length === 0) return;
    for (const pid of news) {
      send(pid, signal);
      told.add(pid);
    }
  }
}

/** Kills version 2 cgroups at one blow, so that no fork gets away (Linux 5.14). */
function killWhole(dirs: readonly string[]): void {
  for (const dir of dirs) {
    const file = `${dir}/cgroup.kill`;
    const result = writeFile(file, "1", { create: null });
    // Version 1 and older kernels have no such file; the loop over the processes does it there.
    if (result < 0 && !NO_KILL_FILE.includes(-result)) {
      throw new SyscallError({ verb: "write to", object: `"${file}"`, errno: -result });
    }
  }
}

/** The processes of a container but for this one, which an administrator may have put there. */
function others(cgroup: ContainerCgroup): Pid[] {
  return cgroup.pids().filter((pid) => pid !== Deno.pid);
}

function send(pid: Pid, signal: number): void {
  // The kernel lists a process of a pid namespace further out as 0, which kill(2) takes for this process's own group.
  if (pid === 0) return;
  const result = rawCall("kill", pid, signal);
  if (result === 0 || result === -ERRNO.ESRCH) return;
  throw new SyscallError({
    verb: "send",
    object: `signal ${signal} to process ${pid}`,
    errno: -result,
  });
}
