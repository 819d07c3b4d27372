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
import { converse, type Duties, type Talk, type Until } from "./converse.ts";
import { stepError } from "./explain.ts";
import type { StartGate } from "./start_gate.ts";

/** Name of the program in `ps` while it is not yet the user's. */
const PROGRAM_NAME = "ocirt-init";

export interface Launch {
  readonly plan: Plan;
  readonly arch: Arch;
  /** Null for a program that waits for nobody: then the launch ends with its execve(2). */
  readonly gate: StartGate | null;
  /** A pidfd of the process whose namespaces the plan joins; null when it joins none that way. */
  readonly target: OwnedFd | null;
  /** Standard input, output and error for the process; null for one that has this process's own. */
  readonly stdio: readonly [OwnedFd, OwnedFd, OwnedFd] | null;
  /** The mount of the notify socket's folder that the plan attaches; null when it attaches none. */
  readonly notify: OwnedFd | null;
  /** The version 2 cgroup that the plan clones the init into, opened; null when it has none. */
  readonly cgroup: OwnedFd | null;
  /** Open descriptors of the namespaces that the plan joins, in its order. */
  readonly namespaces: readonly OwnedFd[];
  readonly duties: Duties;
}

/**
 * Compiles the plan, runs it in a new process and serves it until the container is created, or, without a gate, until
 * the program is executed.
 *
 * @returns the container's init, waiting at the gate, or the process that was asked for: a child of this process
 * @throws {LaunchError} naming the step that failed; no process of it is left then
 */
export function launch(launched: Launch): Pid {
  const { plan, arch, gate, target, stdio, notify, cgroup, namespaces, duties } = launched;
  const [ours, theirs] = socketPair();
  using host = ours;
  let first: Pid;
  {
    using child = theirs;
    const descriptors = {
      sync: child.fd,
      gate: gate?.gate.fd ?? null,
      outcome: gate?.outcome.fd ?? null,
      target: target?.fd ?? null,
      stdio: stdio === null ? null : stdioNumbers(stdio),
      notify: notify?.fd ?? null,
      cgroup: cgroup?.fd ?? null,
      namespaces: namespaces.map(({ fd }) => fd),
    };
    using program = memfd(PROGRAM_NAME, compileImage(plan, arch, descriptors));
    const inherited = [
      child,
      ...gate === null ? [] : [gate.gate, gate.outcome],
      ...stdio ?? [],
      ...namespaces,
      ...[cgroup, target, notify].filter((fd) => fd !== null),
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
  const until = gate === null ? "executed" : "ready";
  const talk = serve({ host, first, duties, reapFirst, until });
  const firstStatus = reapFirst();
  if (talk.end === "done") return talk.init;
  const initStatus = talk.init === null ? null : endProcess(talk.init);
  if (talk.end === "failed") throw stepError(plan, talk.step, talk.errno);
  throw new LaunchError(lostSentence(plan, initStatus ?? firstStatus));
}

function stdioNumbers(
  [input, output, error]: NonNullable<Launch["stdio"]>,
): [number, number, number] {
  return [input.fd, output.fd, error.fd];
}

interface Service {
  readonly host: OwnedFd;
  readonly first: Pid;
  readonly duties: Duties;
  readonly reapFirst: () => void;
  readonly until: Until;
}

/** Talks with the program; when a duty fails, nothing of the program is left. */
function serve({ host, first, duties, reapFirst, until }: Service): Talk {
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
    }, until);
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

const LOST: Readonly<Record<Plan["purpose"], string>> = {
  create: "create container: its init",
  exec: "execute in container: it",
  hook: "run hook: it",
  mounts: "change mounts: the program",
};

function lostSentence({ purpose, steps }: Plan, status: WaitStatus | null): string {
  const how = status?.kind === "signaled" ? `by signal ${status.signal}` : "without a word";
  return `Cannot ${LOST[purpose]} ended ${how} before it was ready; ` +
    `hint: the memory limit may be too low, or somebody killed it${
      steps.some(({ kind }) => kind === "installFilter") ? ", or the seccomp filter did" : ""
    }`;
}
