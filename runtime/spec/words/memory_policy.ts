/** `linux.memoryPolicy.mode` to the number of set_mempolicy(2) (linux/mempolicy.h), in alphabetical order. */
export const MEMORY_POLICY_MODES = {
  MPOL_BIND: 2,
  MPOL_DEFAULT: 0,
  MPOL_INTERLEAVE: 3,
  MPOL_LOCAL: 4,
  MPOL_PREFERRED: 1,
  MPOL_PREFERRED_MANY: 5,
  MPOL_WEIGHTED_INTERLEAVE: 6,
} as const;

/** `linux.memoryPolicy.flags` to the bit that is or-ed to the mode (linux/mempolicy.h), in alphabetical order. */
export const MEMORY_POLICY_FLAGS = {
  MPOL_F_NUMA_BALANCING: 0x2000,
  MPOL_F_RELATIVE_NODES: 0x4000,
  MPOL_F_STATIC_NODES: 0x8000,
} as const;
