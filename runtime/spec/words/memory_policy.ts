import { MPOL, MPOL_F } from "syscalls/abi/mempolicy.ts";

/** `linux.memoryPolicy.mode` to the number of set_mempolicy(2), in alphabetical order. */
export const MEMORY_POLICY_MODES = {
  MPOL_BIND: MPOL.MPOL_BIND,
  MPOL_DEFAULT: MPOL.MPOL_DEFAULT,
  MPOL_INTERLEAVE: MPOL.MPOL_INTERLEAVE,
  MPOL_LOCAL: MPOL.MPOL_LOCAL,
  MPOL_PREFERRED: MPOL.MPOL_PREFERRED,
  MPOL_PREFERRED_MANY: MPOL.MPOL_PREFERRED_MANY,
  MPOL_WEIGHTED_INTERLEAVE: MPOL.MPOL_WEIGHTED_INTERLEAVE,
} as const;

/** `linux.memoryPolicy.flags` to the bit that is or-ed to the mode, in alphabetical order. */
export const MEMORY_POLICY_FLAGS = MPOL_F.values;
