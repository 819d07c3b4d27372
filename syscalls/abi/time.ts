import { i64, struct } from "./struct.ts";

/** Clocks (linux/time.h). */
export const CLOCK = { CLOCK_REALTIME: 0, CLOCK_MONOTONIC: 1, CLOCK_BOOTTIME: 7 } as const;

/** A time, or how long (linux/time_types.h, `__kernel_timespec`). */
export const timespec = struct("timespec", { tv_sec: i64, tv_nsec: i64 });
