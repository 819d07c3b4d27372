import { flagFamily } from "./flags.ts";

/** Flags of memfd_create(2) (linux/memfd.h). */
export const MFD = flagFamily("MFD", {
  MFD_CLOEXEC: 0x1n,
  MFD_ALLOW_SEALING: 0x2n,
  MFD_HUGETLB: 0x4n,
  MFD_NOEXEC_SEAL: 0x8n,
  MFD_EXEC: 0x10n,
});
