/** A thread that wants the lock of the container folder it is told, and tells how that ended. */
import { lockContainer } from "runtime/state/lock.ts";

interface Thread {
  onmessage: (event: { readonly data: string }) => void;
  postMessage(outcome: string): void;
}

const thread = self as unknown as Thread;

thread.onmessage = ({ data }): void => {
  try {
    using _lock = lockContainer(data);
    thread.postMessage("locked");
  } catch (cause) {
    thread.postMessage(cause instanceof Error ? cause.message : String(cause));
  }
};
