import { processInfo } from "runtime/host/process_info.ts";

/** crun's variable by which the caller names an agent for filters whose file names nobody. */
export const RECEIVER_VARIABLE = "RUN_OCI_SECCOMP_RECEIVER";

/** The agent's socket, as the caller wrote it; "" for none. */
export function seccompReceiver(): string {
  return processInfo().env(RECEIVER_VARIABLE) ?? "";
}
