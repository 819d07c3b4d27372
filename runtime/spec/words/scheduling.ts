import { IOPRIO_CLASS } from "syscalls/abi/ioprio.ts";
import { SCHED, SCHED_FLAG } from "syscalls/abi/sched.ts";

/** `process.scheduler.policy` to the number of sched_setattr(2). */
export const SCHEDULER_POLICIES = {
  SCHED_OTHER: SCHED.SCHED_NORMAL,
  SCHED_FIFO: SCHED.SCHED_FIFO,
  SCHED_RR: SCHED.SCHED_RR,
  SCHED_BATCH: SCHED.SCHED_BATCH,
  // A word of the runtime-spec that no kernel has: linux/sched.h keeps the number, and the call fails.
  SCHED_ISO: 4,
  SCHED_IDLE: SCHED.SCHED_IDLE,
  SCHED_DEADLINE: SCHED.SCHED_DEADLINE,
} as const;

/** `process.scheduler.flags` to the bit of `sched_attr.sched_flags`. */
export const SCHEDULER_FLAGS = SCHED_FLAG.values;

/** `process.ioPriority.class` to the number of ioprio_set(2). */
export const IO_PRIORITY_CLASSES = {
  IOPRIO_CLASS_RT: IOPRIO_CLASS.IOPRIO_CLASS_RT,
  IOPRIO_CLASS_BE: IOPRIO_CLASS.IOPRIO_CLASS_BE,
  IOPRIO_CLASS_IDLE: IOPRIO_CLASS.IOPRIO_CLASS_IDLE,
} as const;
