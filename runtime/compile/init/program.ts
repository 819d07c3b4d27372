import type { Arch } from "syscalls/abi/arch.ts";
import { CodeSizeError } from "syscalls/native/code_size_error.ts";
import { ProgramBuilder } from "syscalls/native/builder.ts";
import { link } from "syscalls/native/link.ts";
import type { ProgramSink } from "syscalls/native/sink.ts";
import { x8664Writer } from "syscalls/native/x86_64_writer.ts";
import type { Program } from "syscalls/native/program.ts";
import { LaunchError } from "runtime/base/errors.ts";
import type { Plan } from "runtime/plan/plan.ts";
import type {
  LabelStep,
  NamespaceStep,
  ProcessStep,
  SchedulingStep,
  Step,
} from "runtime/plan/step.ts";
import { firstHeldNumber } from "./held.ts";
import { lowerExec } from "./lower_exec.ts";
import { type FileStep, lowerFile } from "./lower_files.ts";
import { lowerIdentity } from "./lower_identity.ts";
import { lowerLabel } from "./lower_labels.ts";
import { lowerMount } from "./lower_mounts.ts";
import { lowerProcess } from "./lower_process.ts";
import { lowerRoot } from "./lower_root.ts";
import { lowerTerminal } from "./lower_terminal.ts";
import { lowerScheduling } from "./lower_scheduling.ts";
import { type Descriptors, type Lowering, newLowering } from "./lowering.ts";

/** Compiles the steps of a plan into one program, to be read; step N of the program is step N of the plan. */
export function compileInit(plan: Plan, arch: Arch, descriptors: Descriptors): Program {
  const builder = new ProgramBuilder(descriptors.sync);
  lowerPlan(builder, plan, arch, descriptors);
  return builder.build();
}

/**
 * Compiles the steps of a plan into an executable, the same as linking {@link compileInit} gives.
 *
 * @throws {LaunchError} when the plan has more steps than a program of this machine can
 */
export function compileImage(
  plan: Plan,
  arch: Arch,
  descriptors: Descriptors,
): Uint8Array<ArrayBuffer> {
  if (arch !== "x86_64") return linkInit(compileInit(plan, arch, descriptors), arch);
  const writer = x8664Writer(descriptors.sync);
  lowerPlan(writer, plan, arch, descriptors);
  return writer.finish();
}

function linkInit(program: Program, arch: Arch): Uint8Array<ArrayBuffer> {
  try {
    return link(program, arch);
  } catch (cause) {
    if (!(cause instanceof CodeSizeError)) throw cause;
    const message = "Cannot compile config.json: it asks for too much, as a rule too many mounts";
    throw new LaunchError(message, { cause });
  }
}

function lowerPlan(sink: ProgramSink, plan: Plan, arch: Arch, descriptors: Descriptors): void {
  const low = newLowering(sink, arch, descriptors, firstHeldNumber(plan, descriptors));
  for (const step of plan.steps) {
    sink.step({ label: step.label, origin: step.origin });
    lowerStep(low, step);
  }
}

/** Which file of this room lowers a kind of step. */
function lowerStep(low: Lowering, step: Step): void {
  switch (step.kind) {
    case "mountFilesystem":
    case "mountClassic":
    case "mountBind":
    case "changeMount":
    case "attachMount":
      return lowerMount(low, step);
    case "findExecutable":
    case "closeRest":
    case "endOnSignals":
    case "installFilter":
    case "waitForStart":
    case "announce":
    case "end":
    case "execute":
      return lowerExec(low, step);
    case "setRootPropagation":
    case "cutParentOff":
    case "openRoot":
    case "openReadonlyRoot":
    case "openLayeredRoot":
    case "openOverlayRoot":
    case "keepHostNull":
    case "openSource":
    case "pivotRoot":
    case "hideHostMount":
    case "moveRoot":
    case "changeRoot":
    case "openJoinedRoot":
      return lowerRoot(low, step);
    case "openTerminal":
    case "mountConsole":
      return lowerTerminal(low, step);
    case "enterDirectory":
    case "setRlimit":
    case "ownStdio":
    case "setNoNewPrivileges":
    case "dropBoundingSet":
    case "setGroups":
    case "setUser":
    case "setCapabilities":
    case "reduceCapabilities":
      return lowerIdentity(low, step);
    default:
      return lowerRest(low, step);
  }
}

function lowerRest(
  low: Lowering,
  step: FileStep | SchedulingStep | LabelStep | ProcessStep | NamespaceStep,
): void {
  switch (step.kind) {
    case "setCpuAffinity":
    case "setScheduler":
    case "setIoPriority":
    case "setPersonality":
    case "setMemoryPolicy":
      return lowerScheduling(low, step);
    case "keepHostProc":
    case "setLabel":
      return lowerLabel(low, step);
    case "makeSymlink":
    case "makeDevice":
    case "makeDirectory":
    case "makeReadonly":
    case "readonlyPath":
    case "maskPath":
    case "unmount":
    case "writeSysctl":
    case "setUmask":
    case "closeOpened":
      return lowerFile(low, step);
    default:
      return lowerProcess(low, step);
  }
}
