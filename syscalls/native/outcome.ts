import { ERRNO } from "syscalls/abi/errno.ts";
import type { Instruction } from "./program.ts";

/** What a call does about its failures; everything that is neither retried nor forgiven ends the program. */
export interface Outcome {
  /** Whether EINTR makes the same call again. */
  readonly retriesEintr: boolean;
  readonly forgiven: readonly number[] | "all";
}

/** The one reading of `forgive`, for every back end and the interpreter. A call that lists EINTR wants to see it. */
export function outcomeOf(call: Extract<Instruction, { kind: "call" }>): Outcome {
  const { forgive } = call;
  // close(2): Linux has released the descriptor before it says EINTR, and the number may be another file's by now.
  if (call.call === "close") {
    return {
      retriesEintr: false,
      forgiven: forgive === "all" ? "all" : [...forgive, ERRNO.EINTR],
    };
  }
  return {
    retriesEintr: forgive === "all" || !forgive.includes(ERRNO.EINTR),
    forgiven: forgive,
  };
}
