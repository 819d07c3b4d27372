import type { Arch } from "syscalls/abi/arch.ts";
import type { Pid } from "syscalls/abi/brand.ts";
import { SIGNALS } from "syscalls/abi/signal.ts";
import { bestEffort } from "syscalls/libc/call.ts";
import { memfd, setInheritable } from "syscalls/libc/files.ts";
import type { OwnedFd } from "syscalls/libc/owned_fd.ts";
import { openPidfd, signalPidfd, spawn, waitPid, type WaitStatus } from "syscalls/libc/process.ts";
import { socketPair } from "syscalls/libc/sockets.ts";
import { LaunchError } from "runtime/base/errors.ts";
import { compileImage } from "runtime/compile/init/program.ts";
import type { Plan } from "runtime/plan/plan.ts";
import { converse, type Duties, type Talk } from "./converse.ts";
import { stepError } from "./explain.ts";
import type { StartGate } from "./start_gate.ts";

/** Name of the program in `ps` while it is not yet the user's. */
const PROGRAM_NAME = "ocirt-init";

export interface Launch {
  readonly plan: Plan;
  readonly arch: Arch;
  readonly gate: StartGate;
  /** The version 2 cgroup that the plan clones the init into, opened; null when it has none. */
  readonly cgroup: OwnedFd | null;
  /** Open descriptors of the namespaces that the plan joins, in its order. */
  readonly namespaces: readonly OwnedFd[];
  readonly duties: Duties;
}

/**
 * Compiles the plan, runs it in a new process and serves it until the container is created.
 *
 * @returns the container's init, a child of this process, waiting at the gate
 * @throws {LaunchError} naming the step that failed; no process of it is left then
 */
export function launch({ plan, arch, gate, cgroup, namespaces, duties }: Launch): Pid {
  const [ours, theirs] = socketPair();
  using host = ours;
  let first: Pid;
  {
    using child = theirs;
    const descriptors = {
      sync: child.fd,
      gate: gate.gate.fd,
      outcome: gate.outcome.fd,
      cgroup: cgroup?.fd ?? null,
      namespaces: namespaces.map(({ fd }) => fd),
    };
    using program = memfd(PROGRAM_NAME, compileImage(plan, arch, descriptors));
    const inherited = [
      child,
      gate.gate,
      gate.outcome,
      ...namespaces,
      ...cgroup === null ? [] : [cgroup],
    ];
    for (const { fd } of inherited) setInheritable(fd);
    first = spawn({
      executable: `/proc/self/fd/${program.fd}`,
      argv: [PROGRAM_NAME],
      environ: [],
    });
  }
  let ended: WaitStatus | null = null;
  const reapFirst = (): WaitStatus | null => ended ??= waitPid(first, { block: true });
  const talk = serve(host, first, duties, reapFirst);
  const firstStatus = reapFirst();
  if (talk.end === "ready") return talk.init;
  const initStatus = talk.init === null ? null : endProcess(talk.init);
  if (talk.end === "failed") throw stepError(plan, talk.step, talk.errno);
  throw new LaunchError(lostSentence(initStatus ?? firstStatus));
}

/** Talks with the program; when a duty fails, nothing of the program is left. */
function serve(host: OwnedFd, first: Pid, duties: Duties, reapFirst: () => void): Talk {
  let init: Pid | null = null;
  const noting = (duty: (process: Pid) => void) => (process: Pid): void => {
    init = process;
    duty(process);
  };
  try {
    return converse(host.fd, first, {
      ...duties,
      place: noting(duties.place),
      limits: noting(duties.limits),
      meanwhile: () => {
        duties.meanwhile();
        // It has made the init, and ends.
        reapFirst();
      },
    });
  } catch (cause) {
    // Whoever waits for an answer ends when the socket does.
    host[Symbol.dispose]();
    reapFirst();
    if (init !== null) endProcess(init);
    throw cause;
  }
}

/** Kills and reaps the init of a container that could not be made. */
export function endProcess(init: Pid): WaitStatus | null {
  bestEffort("the process may have ended by itself", () => {
    using pidfd = openPidfd(init);
    signalPidfd(pidfd.fd, SIGNALS.SIGKILL);
  });
  return waitPid(init, { block: true });
}

function lostSentence(status: WaitStatus | null): string {
  const how = status?.kind === "signaled" ? `by signal ${status.signal}` : "without a word";
  return `Cannot create container: its init ended ${how} before it was ready; ` +
    "hint: the memory limit may be too low, or somebody killed it";
}
