import { flagFamily } from "./flags.ts";

/** Flags of memfd_create(2) (linux/memfd.h). */
export const MFD = flagFamily("MFD", {
  MFD_CLOEXEC: 0x1n,
  MFD_ALLOW_SEALING: 0x2n,
  MFD_HUGETLB: 0x4n,
  MFD_NOEXEC_SEAL: 0x8n,
  MFD_EXEC: 0x10n,
});

/** What `F_ADD_SEALS` of fcntl(2) forbids for good (linux/fcntl.h). */
export const F_SEAL = flagFamily("F_SEAL", {
  F_SEAL_SEAL: 0x1n,
  F_SEAL_SHRINK: 0x2n,
  F_SEAL_GROW: 0x4n,
  F_SEAL_WRITE: 0x8n,
  F_SEAL_FUTURE_WRITE: 0x10n,
  F_SEAL_EXEC: 0x20n,
});
