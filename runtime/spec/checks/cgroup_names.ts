import type { Config } from "../config.ts";
import { show } from "../show.ts";
import type { ValidSpec } from "../valid.ts";
import type { Findings } from "./findings.ts";

/** crun's annotation for a cgroup below the unit that systemd makes, which is the container's own then. */
export const SUBGROUP = "run.oci.systemd.subgroup";

/** crun's annotation for a cgroup below the container's, which its processes are in and may do with as they like. */
export const DELEGATED = "run.oci.delegate-cgroup";

/**
 * Files that the kernel has in cgroups, or may have one day: what a controller adds begins with its name (cgroup-v2.rst, "Avoid Name
 * Collisions").
 */
const KERNEL_FILE =
  /^(?:tasks|notify_on_release|release_agent|(?:blkio|cgroup|cpu|cpuacct|cpuset|devices|dmem|freezer|hugetlb|io|irq|memory|misc|net_cls|net_prio|perf_event|pids|rdma)\..*)$/;

/** Where a container's processes are. */
export function checkCgroupNames(
  { linux, annotations = {} }: Config,
  findings: Findings,
): Pick<ValidSpec, "cgroupsPath" | "systemdSubgroup" | "delegatedCgroup"> {
  return {
    cgroupsPath: linux?.cgroupsPath ?? "",
    systemdSubgroup: checkName(SUBGROUP, annotations[SUBGROUP] ?? "", findings),
    delegatedCgroup: checkName(DELEGATED, annotations[DELEGATED] ?? "", findings),
  };
}

/** "" asks for nothing, as with crun; a slash at the beginning means nothing: `/init` is in use. */
function checkName(annotation: string, value: string, findings: Findings): string {
  if (value === "") return "";
  const names = value.split("/").filter((name) => name !== "" && name !== ".");
  const refuse = (why: string): void =>
    findings.problem(`/annotations/${annotation}`, `${show(value)} ${why}`);
  if (names.includes("..")) refuse("has a step back, and must stay below the container's cgroup");
  else if (names.length === 0) refuse("names no cgroup");
  else if (names.some((name) => KERNEL_FILE.test(name))) refuse("is kept for the kernel's files");
  // deno-lint-ignore no-control-regex -- the kernel takes no line feed, and nobody wants the others in /proc/PID/cgroup
  else if (/[\0-\x1f\x7f]/.test(value)) refuse("has a control character");
  return names.join("/");
}
