import { CLOCK, timespec } from "syscalls/abi/time.ts";
import { Arena } from "./arena.ts";
import { call } from "./call.ts";

/** A moment: seconds since 1970 (UTC), and nanoseconds, 0 to 999,999,999. */
export interface Moment {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** What time it is. */
export function realTime(): Moment {
  using arena = new Arena();
  const time = arena.reserve(timespec.size);
  call({ verb: "read", object: "clock" }, "clock_gettime", CLOCK.CLOCK_REALTIME, arena.bytes(time));
  const [seconds = 0n, nanoseconds = 0n] = new BigInt64Array(time.buffer, time.byteOffset, 2);
  return { seconds: Number(seconds), nanoseconds: Number(nanoseconds) };
}
