import type { ContainerId } from "runtime/base/container_id.ts";
import { fsDriver } from "runtime/cgroups/fs_driver.ts";
import { hostLayout } from "runtime/cgroups/host_layout.ts";
import { type LimitPlan, planLimits } from "runtime/cgroups/limits/plan.ts";
import { placeContainer } from "runtime/cgroups/place.ts";
import { Findings } from "runtime/spec/checks/findings.ts";
import type { Resources, ValidSpec } from "runtime/spec/valid.ts";
import { cgroupFacts, type NewCgroup } from "./cgroup.ts";

/** A container without cgroups of its own, `--cgroup-manager disabled`: it stays in those of the caller, whatever its `cgroupsPath`. */
export function noCgroup(id: ContainerId): NewCgroup {
  const layout = hostLayout();
  const driver = fsDriver([], "skip");
  return {
    driver,
    places: [],
    facts: cgroupFacts(layout, placeContainer(layout, "", id), driver.selfJoin, []),
    systemd: null,
    isRootless: true,
    isDisabled: true,
  };
}

/** The limits of such a container: each is a problem. A zero asks for nothing here too. */
export function refusedLimits(resources: Resources, base: string): LimitPlan {
  const { problems, warnings } = planLimits(resources, {
    places: [],
    available: () => [],
    base,
  }).findings;
  const findings = new Findings();
  findings.warnings.push(...warnings);
  for (const path of new Set(problems.map((problem) => problem.path))) {
    findings.problem(path, "there is no limit without a cgroup: --cgroup-manager is disabled");
  }
  return { writes: [], findings };
}

/** What a person should know of such a container; null for nothing. */
export function unruledDevices({ config }: ValidSpec): string | null {
  const rules = config.linux?.resources?.devices ?? [];
  return rules.length === 0
    ? null
    : "/linux/resources/devices: not in force, for --cgroup-manager is disabled";
}
