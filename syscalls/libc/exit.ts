import { rawCall } from "./call.ts";
import { isOpen } from "./library.ts";

/**
 * Ends the process at once, whatever the engine's other threads do.
 *
 * The engine's own exit looks for listeners and takes itself apart first, for half a millisecond. Nothing here waits for that: what
 * is written is written. Without libc it costs less than to open it.
 */
export function exitNow(status: number): never {
  if (isOpen()) rawCall("exit_group", status);
  Deno.exit(status);
}
