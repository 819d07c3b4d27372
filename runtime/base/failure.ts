import { SyscallError } from "syscalls/abi/syscall_error.ts";
import { OcirtError } from "./errors.ts";
import { ioCode } from "./io_failure.ts";

/** What a person is told of something thrown. */
export interface Failure {
  /** One sentence; the last error line of the log is all that callers look at, so the cause is in it. */
  readonly text: string;
  readonly exitCode: number;
  /** Where a bug came from, for the debug log; null for a failure that the runtime foresaw. */
  readonly stack: string | null;
}

/** What to tell of something thrown: its own words where it was foreseen, else that the runtime is at fault. */
export function failureOf(thrown: unknown): Failure {
  if (isSuppressed(thrown)) {
    const first = failureOf(thrown.suppressed);
    return {
      ...first,
      text: `${first.text}; cleaning up failed too: ${failureOf(thrown.error).text}`,
    };
  }
  if (thrown instanceof OcirtError || thrown instanceof SyscallError || ioCode(thrown) !== null) {
    const exitCode = thrown instanceof OcirtError ? thrown.exitCode : 1;
    return { text: oneLine(withCauses(thrown)), exitCode, stack: null };
  }
  const what = thrown instanceof Error ? `${thrown.name}: ${withCauses(thrown)}` : String(thrown);
  return {
    text: `internal error: ${oneLine(what)}; this is a bug in the runtime, please report it`,
    exitCode: 1,
    stack: thrown instanceof Error ? thrown.stack ?? what : what,
  };
}

/** What leaving a `using` block throws when both the block and the clean-up failed. By name, since a bundler may bring its own class. */
function isSuppressed(thrown: unknown): thrown is { error: unknown; suppressed: unknown } {
  return thrown instanceof Error && thrown.name === "SuppressedError" && "suppressed" in thrown;
}

/** The message, and behind it those of the causes that say something new. */
function withCauses(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause === undefined || ioCode(error.cause) !== null) return error.message;
  const cause = withCauses(error.cause);
  return error.message.includes(cause) ? error.message : `${error.message}: ${cause}`;
}

/** How much of a sentence is told, in UTF-16 units: an argument that it repeats may have a hundred thousand. */
const LONGEST_START = 6000;
const LONGEST_END = 1000;

/** On one line, without the middle of what nobody could read; a hint stands at the end. */
function oneLine(text: string): string {
  const line = text.trim().replaceAll("\n", " ");
  if (line.length <= LONGEST_START + LONGEST_END) return line;
  return `${line.slice(0, LONGEST_START)} ... ${line.slice(-LONGEST_END)}`;
}
