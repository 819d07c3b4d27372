import type { ExecStep } from "runtime/plan/step.ts";
import { TAG } from "runtime/plan/protocol.ts";
import { readAnswer } from "./ask_host.ts";
import { giveListener, startListenerThread } from "./listener_thread.ts";
import type { Lowering } from "./lowering.ts";

// Of syscalls/abi/seccomp.ts, which has much that takes its time, and which few containers need.
const SECCOMP_SET_MODE_FILTER = 1;
/** `struct sock_fprog`: its size, and where the address is. Before that is the count, 16 bits. */
const SOCK_FPROG = { size: 16, filter: 8 } as const;

/** seccomp(2). What is said from there on is said by write(2), which no runtime can do without. */
export function lowerFilter(
  low: Lowering,
  step: Extract<ExecStep, { kind: "installFilter" }>,
): void {
  const { builder } = low;
  const { instructions, program, flags, flagsText, notifies } = step;
  const gives = notifies && step.listener === "given";
  const thread = gives ? startListenerThread(low) : null;
  const listener = builder.slot();
  const filter = builder.bytes(program, "filter");
  const fprog = new Uint8Array(SOCK_FPROG.size);
  new DataView(fprog.buffer).setUint16(0, instructions, true);
  const pointers = [{ offset: SOCK_FPROG.filter, to: filter }];
  builder.call("seccomp", [
    builder.immediate(SECCOMP_SET_MODE_FILTER, "SECCOMP_SET_MODE_FILTER"),
    builder.immediate(flags, flagsText),
    builder.bytesWithPointers(fprog, pointers, `{${instructions} instructions}`),
  ], notifies ? { into: listener } : {});
  builder.writeReports();
  if (!notifies) return;
  if (thread === null) {
    builder.report({ tag: TAG.listener, value: builder.value(listener, "listener") });
    readAnswer(low);
  } else giveListener(low, thread, listener);
  // Whoever waits at the gate must not keep it: calls fail once nobody has it. execve closes it in any case.
  builder.call("close", [builder.value(listener, "listener")], { forgive: "all" });
}
