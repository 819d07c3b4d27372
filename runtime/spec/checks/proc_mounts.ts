import { show } from "../show.ts";

/** The files of procfs that something made for containers may take the place of (runc's list). */
const REPLACEABLE: readonly string[] = [
  "/proc/cpuinfo",
  "/proc/diskstats",
  "/proc/loadavg",
  "/proc/meminfo",
  "/proc/slabinfo",
  "/proc/stat",
  "/proc/swaps",
  "/proc/sys/crypto/fips_enabled",
  "/proc/sys/kernel/ns_last_pid",
  "/proc/uptime",
];

/**
 * Why nothing may be mounted there, or null. The runtime itself writes to /proc while it sets labels up, so what covers it could
 * make that a write to nowhere (CVE-2019-16884, CVE-2019-19921). Of what a bind mount brings to /proc the kernel is asked later.
 *
 * @param destination absolute and clean
 */
export function procMountFault(
  destination: string,
  { type, isBind }: { readonly type: string; readonly isBind: boolean },
): string | null {
  if (destination === "/proc") {
    return isBind || type === "proc"
      ? null
      : `${show(destination)} cannot be mounted because it is not of type proc`;
  }
  if (!destination.startsWith("/proc/") || REPLACEABLE.includes(destination)) return null;
  return `${show(destination)} cannot be mounted because it is inside /proc`;
}
