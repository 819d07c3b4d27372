import { type Pid, pid } from "syscalls/abi/brand.ts";
import { setSignalMask } from "syscalls/libc/poll.ts";
import type { OwnedFd } from "syscalls/libc/owned_fd.ts";
import { openPidfd } from "syscalls/libc/process.ts";
import { StateError } from "runtime/base/errors.ts";
import { resolveUserPath } from "runtime/host/bundle.ts";
import { processInfo } from "runtime/host/process_info.ts";
import { endProcess, launch } from "runtime/launch/launch.ts";
import { exitStatus } from "runtime/launch/wait.ts";
import { stepWarning } from "runtime/launch/explain.ts";
import { type ExecInput, planExec } from "runtime/plan/exec.ts";
import { processOf } from "runtime/plan/input.ts";
import type { Plan } from "runtime/plan/plan.ts";
import type { IdList } from "runtime/spec/valid.ts";
import { isAlive } from "runtime/state/status.ts";
import type { Context } from "./context.ts";
import { setLimits, setOomScore } from "./duties.ts";
import { joinUnified } from "./exec_cgroup.ts";
import { execInput, type ProcessOptions } from "./exec_input.ts";
import { attend, becomeParent } from "./foreground.ts";
import { inspectContainer, type InspectedContainer } from "./inspect.ts";
import { sendPidfd } from "./pidfd_socket.ts";
import { writePidFile } from "./pid_file.ts";
import {
  checkTerminal,
  foregroundTerminal,
  sendTo,
  takeTerminal,
  type TerminalKeeper,
} from "./terminal.ts";

export interface ExecOptions extends ProcessOptions {
  readonly id: string;
  readonly detach: boolean;
  readonly consoleSocket: string | null;
  /** As typed. */
  readonly pidFile: string | null;
  readonly pidfdSocket: string | null;
  /** Execute in a paused container too: the process waits for the end of the pause. */
  readonly ignorePaused: boolean;
}

/**
 * Executes one more process in a container, and in the foreground waits for its end.
 *
 * @returns the exit status: that of the process, 0 when it is left alone
 */
export function exec(context: Context, options: ExecOptions): number {
  const container = inspectContainer(context, options.id);
  requireRunning(container, options);
  using target = openInit(container);
  const input = execInput(context, container, options);
  const { terminal = false, consoleSize = null } = input.spec.process ?? {};
  const { detach, consoleSocket } = options;
  checkTerminal(context, { terminal, detach, consoleSocket });
  using foreground = terminal && !detach
    ? foregroundTerminal(consoleSize === null ? "ours" : "given")
    : null;
  const keepTerminal = consoleSocket === null ? foreground?.keep ?? null : sendTo(consoleSocket);
  if (!detach) becomeParent({ noSubreaper: true });
  letSignalsEnd(detach);
  const { pidfdSocket } = options;
  const process = join(context, {
    input,
    target,
    keepTerminal,
    pidfdSockets: pidfdSocket === null ? [] : [pidfdSocket],
    init: options.cgroup.length === 0 ? pid(container.record.pid) : null,
  });
  if (options.pidFile !== null) announce(process, options.pidFile);
  return detach ? 0 : exitStatus(attend(process, foreground?.attend() ?? null));
}

interface Join {
  readonly input: ExecInput;
  readonly target: OwnedFd;
  readonly keepTerminal: TerminalKeeper | null;
  readonly pidfdSockets: readonly string[];
  /** Whose cgroup will do where the container's own takes no process; null where one was asked for. */
  readonly init: Pid | null;
}

/** Lets the process come to be; returns when it has executed its program. */
function join(context: Context, { input, target, keepTerminal, pidfdSockets, init }: Join): Pid {
  const plan = planExec(input);
  const warnings = [...input.spec.warnings, ...plan.warnings];
  const { log } = context;
  for (const warning of warnings) log.log("warning", warning);
  // The words that callers of runc look for in a debug log.
  log.log("debug", `nsexec container setup: ${plan.steps.length} steps`);
  const { initial } = processOf(input).execCpuAffinity;
  if (initial !== null) log.log("debug", `nsexec: affinity: ${hexMask(initial)}`);
  const process = launch({
    plan,
    arch: input.facts.arch,
    gate: null,
    target,
    notify: null,
    cgroup: null,
    namespaces: [],
    duties: {
      idMaps: neverAsked,
      copyUp: neverAsked,
      placeDirectory: neverAsked,
      placeFile: neverAsked,
      inheritMode: neverAsked,
      idmap: neverAsked,
      place: (process) => {
        log.log("debug", `child process in init(): pid ${process}`);
        if (plan.host.moveInto !== null) joinUnified(process, plan.host.moveInto, init);
        setOomScore(process, plan.host);
        sendPidfd(process, pidfdSockets, "setns");
      },
      terminal: (process) => {
        if (keepTerminal !== null) takeTerminal(process, plan.host, keepTerminal);
      },
      limits: (process) => setLimits(process, plan.host),
      warn: (step, errno) => warn(context, plan, step, errno),
      meanwhile: () => {},
    },
  });
  log.log("debug", "setns_init: about to exec: done");
  return process;
}

/** CPUs 0 to N as the bits of one number. */
function hexMask({ ids }: IdList): string {
  return `0x${[...ids].reduce((mask, id) => mask | 1n << BigInt(id), 0n).toString(16)}`;
}

function neverAsked(): never {
  throw new RangeError("Cannot answer the process: exec owes it nothing of that kind");
}

function warn({ log }: Context, plan: Plan, step: number, errno: number): void {
  log.log("warning", stepWarning(plan, step, errno));
}

/** A process whose pid nobody learns of would run unseen: it is ended. */
function announce(process: Pid, pidFile: string): void {
  try {
    writePidFile(resolveUserPath(pidFile), process);
  } catch (cause) {
    endProcess(process);
    throw cause;
  }
}

/** In a frozen cgroup the new process waits before it can say a word: Ctrl-C must end that wait where nobody passes it on. */
function letSignalsEnd(detach: boolean): void {
  const { signalMask } = processInfo();
  if (detach && signalMask !== null) setSignalMask(signalMask);
}

function requireRunning({ status }: InspectedContainer, { ignorePaused }: ExecOptions): void {
  if (status === "stopped") throw new StateError("cannot exec in a stopped container");
  if (status === "paused" && !ignorePaused) {
    throw new StateError(
      "cannot exec in a paused container (use --ignore-paused to override)",
    );
  }
}

/** The pidfd is of whoever has that pid now: only the start time says that it is the container's init. */
function openInit({ record }: InspectedContainer): OwnedFd {
  const opened = openPidfd(pid(record.pid));
  if (isAlive(record)) return opened;
  opened[Symbol.dispose]();
  throw new StateError("cannot exec in a stopped container");
}
