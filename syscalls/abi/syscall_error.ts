import { errnoName, errnoText } from "./errno.ts";

/** What is known about a kernel call that failed. */
export interface SyscallFailure {
  /** What was to be done, as a verb: `mount`, `open`. */
  readonly verb: string;
  /** What it was to be done on, paths quoted: `"proc" on "/proc"`. */
  readonly object: string;
  /** errno, positive. */
  readonly errno: number;
  /** The flags by name, where they matter. */
  readonly flags?: string;
  /** What to do about it. */
  readonly hint?: string;
}

/** The one sentence of a failure: `Cannot <verb> <object>[ with FLAGS]: ERRNO (text)[; hint: ...]`. */
export function failureSentence(failure: SyscallFailure): string {
  const flags = failure.flags === undefined ? "" : ` with ${failure.flags}`;
  const hint = failure.hint === undefined ? "" : `; hint: ${failure.hint}`;
  const { verb, object, errno } = failure;
  return `Cannot ${verb} ${object}${flags}: ${errnoName(errno)} (${errnoText(errno)})${hint}`;
}

/** A kernel call of the host half failed. */
export class SyscallError extends Error {
  override readonly name = "SyscallError";
  readonly failure: SyscallFailure;
  constructor(failure: SyscallFailure, options?: ErrorOptions) {
    super(failureSentence(failure), options);
    this.failure = failure;
  }
  get errno(): number {
    return this.failure.errno;
  }
}
