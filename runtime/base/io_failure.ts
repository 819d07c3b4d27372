import { ERRNO, type ErrnoName, errnoName, errnoText } from "syscalls/abi/errno.ts";

/** The errno name that a failed file call of the engine carries; null for any other error. */
export function ioCode(cause: unknown): ErrnoName | null {
  if (!(cause instanceof Error)) return null;
  // The engine names the errnos that it has a class for (in `code`), and writes the number of any other one.
  const code = "code" in cause && typeof cause.code === "string"
    ? cause.code
    : errnoName(Number(/\(os error (\d+)\)/.exec(cause.message)?.[1]));
  return code in ERRNO ? code as ErrnoName : null;
}

/** Why a file call failed, as a sentence's end: `EACCES (Permission denied)`; the error's own message when it names no errno. */
export function ioReason(cause: unknown): string {
  const code = ioCode(cause);
  if (code !== null) return errnoReason(ERRNO[code]);
  return cause instanceof Error ? cause.message : String(cause);
}

/** Why a call failed that gave `-errno`, as a sentence's end: `EACCES (Permission denied)`. */
export function errnoReason(errno: number): string {
  return `${errnoName(errno)} (${errnoText(errno)})`;
}
