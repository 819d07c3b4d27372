import type { PlanInput } from "./input.ts";
import type { Step } from "./step.ts";

/** Kernel parameters of the container's own namespaces; which keys are allowed was settled with the configuration. */
export function sysctlSteps(input: PlanInput): Step[] {
  return input.spec.sysctl.map(({ path, value, origin }) => ({
    kind: "writeSysctl",
    path,
    value,
    label: `write ${JSON.stringify(value)} to "/proc/sys/${path}"`,
    origin,
  }));
}
