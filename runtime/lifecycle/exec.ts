import { type Pid, pid } from "syscalls/abi/brand.ts";
import { setSignalMask } from "syscalls/libc/poll.ts";
import type { OwnedFd } from "syscalls/libc/owned_fd.ts";
import { StateError } from "runtime/base/errors.ts";
import { resolveUserPath } from "runtime/host/bundle.ts";
import { processInfo } from "runtime/host/process_info.ts";
import { OWES_NOTHING } from "runtime/launch/owes_nothing.ts";
import { endProcess, launch } from "runtime/launch/launch.ts";
import { exitStatus } from "runtime/launch/wait.ts";
import { stepWarning } from "runtime/launch/explain.ts";
import { planExec } from "runtime/plan/exec.ts";
import { processOf } from "runtime/plan/input.ts";
import type { Plan } from "runtime/plan/plan.ts";
import type { IdList } from "runtime/spec/valid.ts";
import type { ContainerRecord } from "runtime/state/record.ts";
import type { Context } from "./context.ts";
import { type Attach, setLimits, setOomScore } from "./duties.ts";
import { joinUnified, openCgroup, unitAttach, wasBornIn } from "./exec_cgroup.ts";
import { execInput, type ExecPreparation, type ProcessOptions } from "./exec_input.ts";
import { attend, becomeParent } from "./foreground.ts";
import { inspectContainer, type InspectedContainer } from "./inspect.ts";
import { sendPidfd } from "./pidfd_socket.ts";
import { openInit } from "./init_pidfd.ts";
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
export async function exec(context: Context, options: ExecOptions): Promise<number> {
  const container = inspectContainer(context, options.id);
  requireRunning(container, options);
  using target = openInit(container, "cannot exec in a stopped container");
  const { input, seccomp } = await execInput(container, options);
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
  const enterClass = await classEntry(container.record);
  const process = join(context, {
    input,
    container,
    seccomp,
    target,
    keepTerminal,
    pidfdSockets: pidfdSocket === null ? [] : [pidfdSocket],
    init: options.cgroup.length === 0 ? pid(container.record.pid) : null,
    enterClass,
    orAttach: await unitAttach(container.record),
  });
  if (options.pidFile !== null) announce(process, options.pidFile);
  return detach ? 0 : exitStatus(attend(process, foreground?.attend() ?? null));
}

/** Puts a process into the container's class of cache and memory bandwidth, where it has one. */
async function classEntry({ resctrl }: ContainerRecord): Promise<(process: Pid) => void> {
  if (resctrl === null) return () => {};
  const { joinResctrl } = await import("./resctrl.ts");
  return (process) => joinResctrl(resctrl, process);
}

interface Join extends ExecPreparation {
  readonly container: InspectedContainer;
  readonly target: OwnedFd;
  readonly keepTerminal: TerminalKeeper | null;
  readonly pidfdSockets: readonly string[];
  /** Whose cgroup will do where the container's own takes no process; null where one was asked for. */
  readonly init: Pid | null;
  readonly enterClass: (process: Pid) => void;
  readonly orAttach: Attach | null;
}

/** Lets the process come to be; returns when it has executed its program. */
function join(context: Context, options: Join): Pid {
  const { input, container, seccomp, target, keepTerminal, pidfdSockets, init } = options;
  const plan = planExec(input);
  seccomp?.check(plan);
  const warnings = [...input.spec.warnings, ...plan.warnings];
  const { log } = context;
  for (const warning of warnings) log.log("warning", warning);
  // The words that callers of runc look for in a debug log.
  log.log("debug", `nsexec container setup: ${plan.steps.length} steps`);
  const { initial } = processOf(input).execCpuAffinity;
  if (initial !== null) log.log("debug", `nsexec: affinity: ${hexMask(initial)}`);
  for (const remark of seccomp?.remarks ?? []) log.log("debug", remark);
  using cgroup = openCgroup(plan.host);
  const process = launch({
    plan,
    arch: input.facts.arch,
    gate: null,
    target,
    stdio: null,
    notify: null,
    cgroup,
    namespaces: [],
    duties: {
      ...OWES_NOTHING,
      place: (process) => {
        log.log("debug", `child process in init(): pid ${process}`);
        const { moveInto } = plan.host;
        if (moveInto !== null && !wasBornIn(process, moveInto)) {
          joinUnified(process, moveInto, { init, orAttach: options.orAttach });
        }
        options.enterClass(process);
        setOomScore(log, process, plan.host);
        sendPidfd(process, pidfdSockets, "setns");
      },
      terminal: (_process, _step, sent) => {
        if (keepTerminal !== null) takeTerminal(sent, plan.host, keepTerminal);
      },
      limits: (process) => setLimits(process, plan.host),
      listener: (process, _step, sent) => seccomp?.sendListener(process, sent, container),
      warn: (step, errno) => warn(context, plan, step, errno),
    },
  });
  log.log("debug", "setns_init: about to exec: done");
  return process;
}

/** CPUs 0 to N as the bits of one number. */
function hexMask({ ids }: IdList): string {
  return `0x${[...ids].reduce((mask, id) => mask | 1n << BigInt(id), 0n).toString(16)}`;
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
  // While its hooks run it still sees the host's files.
  if (status === "creating") {
    throw new StateError("cannot exec in a container in the creating state");
  }
  if (status === "paused" && !ignorePaused) {
    throw new StateError(
      "cannot exec in a paused container (use --ignore-paused to override)",
    );
  }
}
