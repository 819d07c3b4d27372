import { openFlags } from "syscalls/abi/open.ts";
import type { Operand } from "syscalls/native/program.ts";
import type { Plan } from "runtime/plan/plan.ts";
import { HELD, type Held, OWN_DESCRIPTORS } from "runtime/plan/protocol.ts";
import type { Descriptors, Lowering } from "./lowering.ts";

/** The first of the numbers of {@link HELD}, where nothing asks for a higher one. */
const USUAL_FIRST = 200;

/** Puts a descriptor where its number is known. */
export function hold(low: Lowering, opened: Operand, as: Held): void {
  const family = openFlags(low.arch);
  low.builder.call("dup3", [
    opened,
    low.builder.immediate(heldNumber(low, as)),
    low.builder.flags(family, family.of("O_CLOEXEC")),
  ]);
}

/** The number at which the program holds something. */
export function heldNumber({ firstHeld }: Pick<Lowering, "firstHeld">, name: Held): number {
  return firstHeld + HELD.indexOf(name);
}

/**
 * The first of the numbers of {@link HELD}: above those that the program opens, which are the lowest that are free, and where none is
 * taken by what the program was started with.
 */
export function firstHeldNumber({ steps }: Pick<Plan, "steps">, descriptors: Descriptors): number {
  let kept = descriptors.namespaces.length;
  for (const step of steps) {
    if (step.kind === "closeInherited") kept += step.preservedFds;
    else if (step.kind === "openSource") kept++;
  }
  let first = Math.max(USUAL_FIRST, kept + OWN_DESCRIPTORS - HELD.length);
  for (const number of startedWith(descriptors)) {
    if (number >= first && number < first + HELD.length) first = number + 1;
  }
  return first;
}

/** The numbers that the host half leaves open for the program, in order. */
export function startedWith(descriptors: Descriptors): number[] {
  const { sync, gate, outcome, target, notify, stdio, cgroup, namespaces } = descriptors;
  return [sync, gate, outcome, target, notify, cgroup, ...stdio ?? [], ...namespaces]
    .filter((number) => number !== null)
    .sort((a, b) => a - b);
}
