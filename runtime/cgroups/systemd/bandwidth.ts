/** The kernel's own period where none is given, in microseconds. */
export const DEFAULT_PERIOD = 100_000n;

/** systemd keeps a quota in whole percents of a CPU: microseconds a second. */
const PERCENT = 10_000n;

/** How much CPU time a second a quota of so many microseconds is, in systemd's steps. */
export function perSecond(quota: bigint, period: bigint): bigint {
  const exact = quota * 1_000_000n / period;
  return (exact + PERCENT - 1n) / PERCENT * PERCENT;
}
