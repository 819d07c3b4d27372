import { flagFamily } from "./flags.ts";
import { i32, struct, u16 } from "./struct.ts";

/** Events of poll(2) (asm-generic/poll.h). */
export const POLL = flagFamily("POLL", {
  POLLIN: 0x1n,
  POLLPRI: 0x2n,
  POLLOUT: 0x4n,
  POLLERR: 0x8n,
  POLLHUP: 0x10n,
  POLLNVAL: 0x20n,
  POLLRDHUP: 0x2000n,
});

/** One descriptor to poll (asm-generic/poll.h). */
export const pollfd = struct("pollfd", { fd: i32, events: u16, revents: u16 });
