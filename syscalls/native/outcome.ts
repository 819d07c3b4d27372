import { ERRNO } from "syscalls/abi/errno.ts";
import type { SyscallName } from "syscalls/abi/numbers/names.ts";
import type { Instruction } from "./program.ts";

/** What a call does about its failures; everything that is neither retried nor forgiven ends the program. */
export interface Outcome {
  /** Whether EINTR makes the same call again. */
  readonly retriesEintr: boolean;
  readonly forgiven: readonly number[] | "all";
}

/** The one reading of `forgive`, for every back end and the interpreter. A call that lists EINTR wants to see it. */
export function outcomeOf(call: Extract<Instruction, { kind: "call" }>): Outcome {
  return failureReading(call.call, call.forgive);
}

/** The same for a call by its name. */
export function failureReading(name: SyscallName, forgive: readonly number[] | "all"): Outcome {
  if (forgive === "all") return name === "close" ? CLOSE_ALL : ALL;
  // close(2): Linux has released the descriptor before it says EINTR, and the number may be another file's by now.
  if (name === "close") return { retriesEintr: false, forgiven: [...forgive, ERRNO.EINTR] };
  if (forgive.length === 0) return NONE;
  return { retriesEintr: !forgive.includes(ERRNO.EINTR), forgiven: forgive };
}

const ALL: Outcome = { retriesEintr: true, forgiven: "all" };
const CLOSE_ALL: Outcome = { retriesEintr: false, forgiven: "all" };
const NONE: Outcome = { retriesEintr: true, forgiven: [] };
