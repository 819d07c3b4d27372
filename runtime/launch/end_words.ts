import type { WaitStatus } from "syscalls/libc/process.ts";

/** What Go calls the signals that can end a process; callers of runc look for some of these words. */
const SIGNAL_WORDS: Readonly<Record<number, string>> = {
  1: "hangup",
  2: "interrupt",
  3: "quit",
  4: "illegal instruction",
  5: "trace/breakpoint trap",
  6: "aborted",
  7: "bus error",
  8: "floating point exception",
  9: "killed",
  10: "user defined signal 1",
  11: "segmentation fault",
  12: "user defined signal 2",
  13: "broken pipe",
  14: "alarm clock",
  15: "terminated",
  24: "CPU time limit exceeded",
  25: "file size limit exceeded",
  31: "bad system call",
};

/** How a process ended, in the words of Go's os.ProcessState: `exit status 1`, `signal: killed`. */
export function endWords(status: WaitStatus): string {
  if (status.kind === "exited") return `exit status ${status.code}`;
  const { signal, core } = status;
  return `signal: ${SIGNAL_WORDS[signal] ?? `signal ${signal}`}${core ? " (core dumped)" : ""}`;
}
