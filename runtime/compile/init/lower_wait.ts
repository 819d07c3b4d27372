import { sigaction, SIGNALS, SIGSET_SIZE } from "syscalls/abi/signal.ts";
import { TAG } from "runtime/plan/protocol.ts";
import { hostFd, type Lowering } from "./lowering.ts";

/** What ends any other process by default. The first of a pid namespace has to do so by itself (pid_namespaces(7)). */
const FATAL = [
  "SIGHUP",
  "SIGINT",
  "SIGQUIT",
  "SIGABRT",
  "SIGUSR1",
  "SIGUSR2",
  "SIGALRM",
  "SIGTERM",
] as const;

/** By handlers, which execve(2) takes away: to wait for signals and the gate at once would take calls that a filter may refuse. */
export function lowerEndOnSignals({ builder }: Lowering): void {
  const action = builder.slot(sigaction.size);
  builder.signalExit(action);
  for (const signal of FATAL) {
    builder.call("rt_sigaction", [
      builder.immediate(SIGNALS[signal], signal),
      builder.addressOf(action, "exits"),
      builder.immediate(0, "NULL"),
      builder.immediate(SIGSET_SIZE),
    ]);
  }
}

/** From here on the only listener left is `ocirt start`, at the outcome fifo. */
export function lowerWait(low: Lowering): void {
  const { builder } = low;
  const started = builder.label();
  builder.report({ tag: TAG.ready, value: builder.immediate(0) });
  builder.set(builder.reportFd, builder.immediate(hostFd(low, "outcome"), "outcome"));
  builder.call("read", [
    builder.immediate(hostFd(low, "gate"), "gate"),
    builder.addressOf(low.reply, "reply"),
    builder.immediate(1),
  ]);
  builder.branch({ when: { kind: "equals", value: 1n }, to: started });
  builder.exit(1);
  builder.place(started);
}
