/** What cgroups of version 1 and 2 have in common. */
import type { Findings } from "runtime/spec/checks/findings.ts";
import type { Resources } from "runtime/spec/valid.ts";
import { pointerTo } from "runtime/spec/show.ts";
import { isGiven, type LimitWrite } from "./limit_write.ts";

export function pidsWrites({ pids = {} }: Resources): LimitWrite[] {
  const { limit } = pids;
  if (limit === undefined) return [];
  // Of 0 systemd wants to hear nothing, and one process is inside anyway: runc makes it 1 for every driver.
  const value = limit < 0 ? "max" : Number(limit) === 0 ? "1" : String(limit);
  return [{ file: "pids.max", value, origin: "/pids/limit" }];
}

/** The limit of what is used, and that of what is reserved for it, which kernels before 5.7 do not have. */
export function hugetlbWrites(
  { hugepageLimits = [] }: Resources,
  suffix: "limit_in_bytes" | "max",
): LimitWrite[] {
  return hugepageLimits.flatMap(({ pageSize, limit }, i): LimitWrite[] => {
    const [value, origin] = [String(limit), `/hugepageLimits/${i}`];
    return [
      { file: `hugetlb.${pageSize}.${suffix}`, value, origin },
      { file: `hugetlb.${pageSize}.rsvd.${suffix}`, value, origin, otherwise: "nothing" },
    ];
  });
}

export function rdmaWrites({ rdma = {} }: Resources): LimitWrite[] {
  return Object.entries(rdma).flatMap(([device, { hcaHandles, hcaObjects }]) => {
    const words = [
      ...hcaHandles === undefined ? [] : [`hca_handle=${hcaHandles}`],
      ...hcaObjects === undefined ? [] : [`hca_object=${hcaObjects}`],
    ];
    if (words.length === 0) return [];
    return [{
      file: "rdma.max",
      value: [device, ...words].join(" "),
      origin: `/rdma${pointerTo(device)}`,
      cleared: `${device} hca_handle=max hca_object=max`,
    }];
  });
}

/** The kernel counts its own memory with all other since 4.5, and takes no limits of it since 5.16. */
export function warnOfKernelMemory(
  { kernel, kernelTCP }: NonNullable<Resources["memory"]>,
  findings: Findings,
): void {
  for (const [name, amount] of [["kernel", kernel], ["kernelTCP", kernelTCP]] as const) {
    if (isGiven(amount)) findings.warn(`/memory/${name}`, "kernel memory settings are ignored");
  }
}
