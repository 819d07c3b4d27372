import { flagFamily } from "./flags.ts";
import { i32, struct, u32, u64 } from "./struct.ts";

/** Scheduling policies (linux/sched.h). Number 4 is kept for a SCHED_ISO that was never written. */
export const SCHED = {
  SCHED_NORMAL: 0,
  SCHED_FIFO: 1,
  SCHED_RR: 2,
  SCHED_BATCH: 3,
  SCHED_IDLE: 5,
  SCHED_DEADLINE: 6,
} as const;

/** `sched_attr.sched_flags` (linux/sched.h). */
export const SCHED_FLAG = flagFamily("SCHED_FLAG", {
  SCHED_FLAG_RESET_ON_FORK: 0x01n,
  SCHED_FLAG_RECLAIM: 0x02n,
  SCHED_FLAG_DL_OVERRUN: 0x04n,
  SCHED_FLAG_KEEP_POLICY: 0x08n,
  SCHED_FLAG_KEEP_PARAMS: 0x10n,
  SCHED_FLAG_UTIL_CLAMP_MIN: 0x20n,
  SCHED_FLAG_UTIL_CLAMP_MAX: 0x40n,
});

/** What sched_setattr(2) sets (linux/sched/types.h); times in nanoseconds. */
export const schedAttr = struct("sched_attr", {
  size: u32,
  sched_policy: u32,
  sched_flags: u64,
  sched_nice: i32,
  sched_priority: u32,
  sched_runtime: u64,
  sched_deadline: u64,
  sched_period: u64,
  sched_util_min: u32,
  sched_util_max: u32,
});

/**
 * The most CPUs that a kernel of these machines can be built for (CONFIG_NR_CPUS: 8192 on x86-64, 4096 on aarch64).
 * sched_setaffinity(2) passes over the rest of a longer mask.
 */
export const NR_CPUS = 8192;
