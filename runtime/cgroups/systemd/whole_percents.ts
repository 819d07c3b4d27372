import type { LimitWrite } from "runtime/cgroups/limits/limit_write.ts";
import { DEFAULT_PERIOD, perSecond } from "./bandwidth.ts";

/**
 * Writes of CPU time as systemd makes them: it keeps a quota in whole percents of a CPU, rounded up, and what it writes when
 * it is reloaded has to be what the runtime has written. Files that `unified` names are left as they are asked for (both as runc
 * has it).
 */
export function inWholePercents<Write extends LimitWrite>(writes: readonly Write[]): Write[] {
  const oldPeriod = writes.findLast(({ file }) => file === "cpu.cfs_period_us")?.value;
  return writes.map((write) => {
    const { file, value, origin } = write;
    if (!origin.includes("/cpu/")) return write;
    if (file === "cpu.max") {
      const [quota = "", period = ""] = value.split(" ");
      return { ...write, value: `${roundedQuota(quota, period)} ${period}` };
    }
    if (file !== "cpu.cfs_quota_us") return write;
    return { ...write, value: roundedQuota(value, oldPeriod ?? String(DEFAULT_PERIOD)) };
  });
}

/** What is no amount, or none that the kernel will take, stays as it is. */
function roundedQuota(quota: string, period: string): string {
  if (!/^[1-9]\d*$/.test(quota) || !/^[1-9]\d*$/.test(period)) return quota;
  return String(perSecond(BigInt(quota), BigInt(period)) * BigInt(period) / 1_000_000n);
}
