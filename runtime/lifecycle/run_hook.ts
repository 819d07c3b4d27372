import type { Arch } from "syscalls/abi/arch.ts";
import { mode, type Pid } from "syscalls/abi/brand.ts";
import { openFlags } from "syscalls/abi/open.ts";
import { decodeText, encodeText } from "syscalls/abi/text.ts";
import { openFile } from "syscalls/libc/files.ts";
import type { OwnedFd } from "syscalls/libc/owned_fd.ts";
import { makePipe } from "syscalls/libc/pipes.ts";
import { attendHook, type HookEnd } from "runtime/launch/attend_hook.ts";
import type { Duties } from "runtime/launch/converse.ts";
import { endWords } from "runtime/launch/end_words.ts";
import { stepWarning } from "runtime/launch/explain.ts";
import { endProcess, launch } from "runtime/launch/launch.ts";
import { OWES_NOTHING } from "runtime/launch/owes_nothing.ts";
import type { Plan } from "runtime/plan/plan.ts";
import type { ContainerRecord } from "runtime/state/record.ts";
import type { Context } from "./context.ts";
import { type Attach, moveIntoCgroup, setLimits, setOomScore } from "./duties.ts";

/** One hook, ready to run. */
export interface HookCall {
  readonly record: Pick<ContainerRecord, "annotations" | "bundle">;
  readonly plan: Plan;
  readonly arch: Arch;
  /** A pidfd of the process whose namespaces the plan joins; null when it joins none. */
  readonly target: OwnedFd | null;
  /** Hands on the listener of the hook\'s filter; null for one without a filter. */
  readonly listener: Duties["listener"] | null;
  /** How else a hook comes into its cgroup; null where there is no other way. */
  readonly orAttach: Attach | null;
  /** What it reads from its standard input. */
  readonly state: string;
  /** In seconds; null is for ever. */
  readonly timeout: number | null;
}

/** crun's annotations by which output goes into a file. */
const OUTPUT_FILES = ["run.oci.hooks.stdout", "run.oci.hooks.stderr"] as const;

/**
 * Runs a hook to its end.
 *
 * @returns why it failed, in runc's words; null when it did not
 * @throws {LaunchError} when it cannot be started
 */
export function runHook(context: Context, call: HookCall): string | null {
  using ours = new DisposableStack();
  using theirs = new DisposableStack();
  const input = makePipe();
  const stdin = ours.use(input.writer);
  const reader = theirs.use(input.reader);
  const [stdout, stderr] = OUTPUT_FILES.map((name) => openOutput(call.record, name));
  if (stdout === undefined || stderr === undefined) throw new RangeError("Cannot open output");
  const outputs = [stdout, stderr];
  for (const { ours: end, theirs: other } of outputs) {
    if (end !== null) ours.use(end);
    theirs.use(other);
  }
  const process = begin(context, call, [reader, stdout.theirs, stderr.theirs]);
  theirs.dispose();
  return failureOf(call, attend(process, call, stdin, outputs.map((output) => output.ours)));
}

/** Where a hook writes to, and where that is read; null when it is a file. */
interface HookOutput {
  readonly ours: OwnedFd | null;
  readonly theirs: OwnedFd;
}

function openOutput(
  { annotations, bundle }: HookCall["record"],
  annotation: typeof OUTPUT_FILES[number],
): HookOutput {
  const file = annotations[annotation];
  if (file === undefined) {
    const { reader, writer } = makePipe();
    return { ours: reader, theirs: writer };
  }
  const path = file.startsWith("/") ? file : `${bundle}/${file}`;
  const O = openFlags(Deno.build.arch);
  const flags = O.of("O_CREAT", "O_WRONLY", "O_APPEND");
  return { ours: null, theirs: openFile(path, flags, mode(0o700)) };
}

function begin(
  { log }: Context,
  { plan, arch, target, listener, orAttach }: HookCall,
  stdio: readonly [OwnedFd, OwnedFd, OwnedFd],
): Pid {
  return launch({
    plan,
    arch,
    gate: null,
    target,
    stdio,
    notify: null,
    cgroup: null,
    namespaces: [],
    duties: {
      ...OWES_NOTHING,
      ...listener === null ? {} : { listener },
      place: (process) => {
        moveIntoCgroup(process, plan.host, orAttach);
        setOomScore(log, process, plan.host);
      },
      limits: (process) => setLimits(process, plan.host),
      warn: (step, errno) => log.log("warning", stepWarning(plan, step, errno)),
    },
  });
}

function attend(
  process: Pid,
  { state, timeout }: HookCall,
  stdin: OwnedFd,
  outputs: readonly (OwnedFd | null)[],
): HookEnd {
  try {
    return attendHook({ process, input: encodeText(state), stdin, outputs, timeout });
  } catch (cause) {
    endProcess(process);
    throw cause;
  }
}

/** Why the hook has failed, in runc's words; null when it has not. */
function failureOf({ timeout }: HookCall, { status, timedOut, outputs }: HookEnd): string | null {
  if (timedOut && timeout !== null) {
    return `hook ran past specified timeout of ${timeout.toFixed(1)}s`;
  }
  if (status.kind === "exited" && status.code === 0) return null;
  const [stdout = "", stderr = ""] = outputs.map(decodeText);
  return `${endWords(status)}, stdout: ${stdout}, stderr: ${stderr}`;
}
