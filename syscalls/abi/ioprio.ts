/** Classes of I/O priority (linux/ioprio.h). */
export const IOPRIO_CLASS = {
  IOPRIO_CLASS_NONE: 0,
  IOPRIO_CLASS_RT: 1,
  IOPRIO_CLASS_BE: 2,
  IOPRIO_CLASS_IDLE: 3,
} as const;

/** Whom ioprio_set(2) means (linux/ioprio.h). */
export const IOPRIO_WHO = {
  IOPRIO_WHO_PROCESS: 1,
  IOPRIO_WHO_PGRP: 2,
  IOPRIO_WHO_USER: 3,
} as const;

/** Where the class stands in a priority (linux/ioprio.h). */
export const IOPRIO_CLASS_SHIFT = 13;
