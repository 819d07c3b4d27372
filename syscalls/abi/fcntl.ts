import { flagFamily } from "./flags.ts";

/** Commands of fcntl(2) (asm-generic/fcntl.h, linux/fcntl.h). */
export const F = {
  F_DUPFD: 0,
  F_GETFD: 1,
  F_SETFD: 2,
  F_GETFL: 3,
  F_SETFL: 4,
  F_DUPFD_CLOEXEC: 1030,
  F_SETPIPE_SZ: 1031,
  F_GETPIPE_SZ: 1032,
  F_ADD_SEALS: 1033,
  F_GET_SEALS: 1034,
} as const;

/** The flag of a descriptor, as F_SETFD takes it (asm-generic/fcntl.h). */
export const FD = flagFamily("FD", { FD_CLOEXEC: 0x1n });

/** What `F_ADD_SEALS` forbids for good (linux/fcntl.h). */
export const F_SEAL = flagFamily("F_SEAL", {
  F_SEAL_SEAL: 0x1n,
  F_SEAL_SHRINK: 0x2n,
  F_SEAL_GROW: 0x4n,
  F_SEAL_WRITE: 0x8n,
  F_SEAL_FUTURE_WRITE: 0x10n,
  F_SEAL_EXEC: 0x20n,
});

/** Operations of flock(2) (asm-generic/fcntl.h). */
export const LOCK = flagFamily("LOCK", {
  LOCK_SH: 0x1n,
  LOCK_EX: 0x2n,
  LOCK_NB: 0x4n,
  LOCK_UN: 0x8n,
});
