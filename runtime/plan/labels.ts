import { type PlanInput, processOf } from "./input.ts";
import type { Step } from "./step.ts";

/** The host's procfs: for whoever writes labels or kernel parameters later, where the container's own cannot be trusted. */
export function keepHostProcSteps(input: PlanInput): Step[] {
  const { apparmorProfile, selinuxLabel } = processOf(input);
  if (apparmorProfile === "" && selinuxLabel === "") return [];
  return [keepHostProcStep()];
}

export function keepHostProcStep(): Step {
  return { kind: "keepHostProc", label: 'open the host\'s "/proc"', origin: "" };
}

/** The session keyring has the label of the processes that are to use it. */
export function keyringLabelSteps(input: PlanInput): Step[] {
  const { selinuxLabel: value } = processOf(input);
  if (value === "" || input.keyring === null) return [];
  const label = `set SELinux label ${JSON.stringify(value)} for keys`;
  const rest = { label, origin: "/process/selinuxLabel" };
  return [{ kind: "setLabel", module: "selinux", attribute: "keycreate", value, ...rest }];
}

/** The labels that the process has from its execve on. */
export function processLabelSteps(input: PlanInput): Step[] {
  const { apparmorProfile, selinuxLabel } = processOf(input);
  const steps: Step[] = [];
  if (apparmorProfile !== "") {
    steps.push({
      kind: "setLabel",
      module: "apparmor",
      attribute: "exec",
      value: apparmorProfile,
      label: `apply AppArmor profile ${JSON.stringify(apparmorProfile)}`,
      origin: "/process/apparmorProfile",
    });
  }
  if (selinuxLabel !== "") {
    steps.push({
      kind: "setLabel",
      module: "selinux",
      attribute: "exec",
      value: selinuxLabel,
      label: `set SELinux label ${JSON.stringify(selinuxLabel)} for the process`,
      origin: "/process/selinuxLabel",
    });
  }
  return steps;
}
