import { hasNamespace, type PlanInput } from "./input.ts";
import type { TerminalRequest } from "./plan.ts";
import type { Step } from "./step.ts";

const ORIGIN = "/process/terminal";

/** The process's own terminal, in place of the standard input, output and error of whoever runs the command. */
export function terminalSteps({ spec }: PlanInput): Step[] {
  if (spec.process?.terminal !== true) return [];
  return [{ kind: "openTerminal", label: 'open terminal at "/dev/pts/ptmx"', origin: ORIGIN }];
}

/** A container's init has its terminal at /dev/console too (config-linux.md, "Default Devices"). */
export function consoleSteps(input: PlanInput): Step[] {
  const steps = terminalSteps(input);
  // Without a mount namespace it would be mounted over the console of whoever else sees this /dev.
  if (steps.length === 0 || !hasNamespace(input.spec, "mount")) return steps;
  const label = 'mount terminal on "/dev/console"';
  return [...steps, { kind: "mountConsole", label, origin: ORIGIN }];
}

/** What the host half has to know of the terminal; null for a process without one. */
export function terminalRequest({ spec }: PlanInput): TerminalRequest | null {
  const { process } = spec;
  if (process === null || !process.terminal) return null;
  return { size: process.consoleSize };
}
