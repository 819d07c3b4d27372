import { ERRNO, type ErrnoName, errnoText } from "syscalls/abi/errno.ts";

/** The errno name that a failed file call of the engine carries; null for any other error. */
export function ioCode(cause: unknown): ErrnoName | null {
  if (!(cause instanceof Error) || !("code" in cause)) return null;
  const { code } = cause;
  return typeof code === "string" && code in ERRNO ? code as ErrnoName : null;
}

/** Why a file call failed, as a sentence's end: `EACCES (Permission denied)`; the error's own message when it names no errno. */
export function ioReason(cause: unknown): string {
  const code = ioCode(cause);
  if (code !== null) return `${code} (${errnoText(ERRNO[code])})`;
  return cause instanceof Error ? cause.message : String(cause);
}
