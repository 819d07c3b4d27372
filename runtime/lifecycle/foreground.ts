import type { Pid } from "syscalls/abi/brand.ts";
import { blockSignals } from "syscalls/libc/poll.ts";
import { setChildSubreaper, type WaitStatus } from "syscalls/libc/process.ts";
import { BLOCKED_SIGNALS } from "runtime/host/info_block.ts";
import { processInfo } from "runtime/host/process_info.ts";
import type { NotifyProxy } from "runtime/launch/notify_proxy.ts";
import { type Attended, waitForeground } from "runtime/launch/wait.ts";

/** Gets ready to be a process's parent: its signals are ours to pass on, its orphans ours to reap. */
export function becomeParent({ noSubreaper }: { readonly noSubreaper: boolean }): void {
  if (!noSubreaper) setChildSubreaper();
  if (!processInfo().signalsBlocked) blockSignals(BLOCKED_SIGNALS);
}

/** Waits for the end of a foreground process. */
export function attend(
  process: Pid,
  attended: Attended | null,
  notify: NotifyProxy | null = null,
): WaitStatus {
  return waitForeground(process, BLOCKED_SIGNALS, attended, notify);
}
