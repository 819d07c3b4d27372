import { NSIG, SIGNALS, signalSet } from "syscalls/abi/signal.ts";
import type { PlanInput } from "./input.ts";
import type { Step } from "./step.ts";

/** What every program does first: it has inherited from the runtime what no container may see. */
export function beginSteps(input: Pick<PlanInput, "facts" | "preservedFds">): Step[] {
  const { facts, preservedFds } = input;
  return [
    {
      kind: "resetSignals",
      ignored: signalsToReset(facts.ignoredSignals),
      label: "reset signal actions and mask",
      origin: "",
    },
    {
      kind: "closeInherited",
      preservedFds,
      label: "keep descriptors from the process",
      origin: "",
    },
  ];
}

/** For whoever makes files. */
export function noUmaskSteps(): Step[] {
  return [{ kind: "setUmask", umask: 0, label: "set umask 0000", origin: "" }];
}

/** Before the process gives up its powers: nothing that it has opened on the way is in sight of what it looks up next. */
export function closeOpenedStep({ preservedFds }: Pick<PlanInput, "preservedFds">): Step {
  return { kind: "closeOpened", preservedFds, label: "close all that was opened", origin: "" };
}

/** Signals that the JavaScript engine and its C library ignore in the runtime itself. */
const IGNORED_BY_ENGINE = signalSet(SIGNALS.SIGPIPE, 32, 33);

/** What the init would inherit ignored; SIGKILL and SIGSTOP never are. */
function signalsToReset(ignored: bigint): number[] {
  const set = (ignored | IGNORED_BY_ENGINE) & ~signalSet(SIGNALS.SIGKILL, SIGNALS.SIGSTOP);
  const signals: number[] = [];
  for (let signal = 1; signal <= NSIG; signal++) {
    if ((set >> BigInt(signal - 1) & 1n) === 1n) signals.push(signal);
  }
  return signals;
}
