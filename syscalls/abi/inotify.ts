import { flagFamily } from "./flags.ts";

/** Events of inotify(7) that are waited for (linux/inotify.h). */
export const IN = flagFamily("IN", { IN_MODIFY: 0x2n, IN_MOVED_TO: 0x80n });

/** Flags of inotify_init1(2), O_NONBLOCK and O_CLOEXEC of x86-64 and aarch64 alike (linux/inotify.h). */
export const IN_INIT = flagFamily("IN_INIT", { IN_NONBLOCK: 0x800n, IN_CLOEXEC: 0x80000n });
