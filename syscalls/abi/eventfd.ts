import { flagFamily } from "./flags.ts";

/** Flags of eventfd2(2) (linux/eventfd.h). */
export const EFD = flagFamily("EFD", {
  EFD_SEMAPHORE: 0x1n,
  EFD_NONBLOCK: 0x800n,
  EFD_CLOEXEC: 0x80000n,
});
