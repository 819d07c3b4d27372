import { beginSteps, closeOpenedStep, noUmaskSteps } from "./begin.ts";
import {
  executeSteps,
  identitySteps,
  limitsFromOutside,
  limitSteps,
  makeCwdSteps,
  oomScore,
  umaskSteps,
} from "./identity.ts";
import { resetAffinitySteps } from "./affinity.ts";
import { capabilityWarnings } from "./capabilities.ts";
import { createHookSteps } from "./create_hooks.ts";
import type { PlanInput } from "./input.ts";
import { sessionKeyringSteps } from "./keyring.ts";
import {
  keepHostProcStep,
  keepHostProcSteps,
  keyringLabelSteps,
  processLabelSteps,
} from "./labels.ts";
import {
  cloneInto,
  earlyNamespaceSteps,
  forkSteps,
  initJoinsCgroup,
  joinCgroupSteps,
  joinedNamespaces,
  joinSteps,
  nameSteps,
  ownNamespaceSteps,
} from "./namespaces.ts";
import { notifySteps } from "./notify.ts";
import type { Plan } from "./plan.ts";
import { deviceSteps } from "./rootfs/devices.ts";
import {
  keepHostNullSteps,
  openRootSteps,
  readonlyRootSteps,
  switchRootSteps,
  unbindableRootSteps,
} from "./rootfs/enter_root.ts";
import { hiddenPathSteps } from "./rootfs/masked_paths.ts";
import { finishReadonlyMountSteps, mountSteps } from "./rootfs/mounts.ts";
import { openSourceSteps } from "./rootfs/sources.ts";
import { schedulingSteps } from "./scheduling.ts";
import type { Step } from "./step.ts";
import { sysctlSteps } from "./sysctl.ts";
import { consoleSteps, terminalRequest } from "./terminal.ts";

/** One part of making a container, and why it stands where it does. */
interface Phase {
  readonly steps: (input: PlanInput) => Step[];
  readonly reason: string;
}

/** The order of everything `create` does inside; the only place where steps are put in sequence. */
export const CREATE_ORDER: readonly Phase[] = [
  {
    steps: beginSteps,
    reason: "first, so that nothing of the caller's leaks",
  },
  { steps: noUmaskSteps, reason: "all that is made has its exact mode" },
  {
    steps: (input) => initJoinsCgroup(input) ? [] : joinCgroupSteps(input),
    reason: "the cgroup files are the host's, and so must be whoever writes to them",
  },
  {
    steps: (input) =>
      input.spec.sysctl.length > 0 ? [keepHostProcStep()] : keepHostProcSteps(input),
    reason: "a mount namespace that is joined next may have anything at /proc",
  },
  {
    steps: openSourceSteps,
    reason: "a user namespace is about to hide what only root of the host can see",
  },
  {
    steps: joinSteps,
    reason: "existing namespaces before new ones, which may have to belong to them",
  },
  {
    steps: earlyNamespaceSteps,
    reason:
      "the user namespace owns all others; time offsets must be set before a process is inside",
  },
  { steps: forkSteps, reason: "a pid namespace begins with a new process" },
  {
    steps: (input) => initJoinsCgroup(input) ? joinCgroupSteps(input) : [],
    reason: "what was made before is not counted as the container's",
  },
  {
    steps: resetAffinitySteps,
    reason: "the init is in its cgroup, and before that the kernel would go by the caller's CPUs",
  },
  { steps: keyringLabelSteps, reason: "the keyring that is made next has it" },
  {
    steps: sessionKeyringSteps,
    reason: "as root of the user namespace, which the names of keyrings belong to",
  },
  {
    steps: ownNamespaceSteps,
    reason: "the cgroup namespace's root is the cgroup that the init was placed in just now",
  },
  { steps: openRootSteps, reason: "mounts need the root, and nothing of them may reach the host" },
  {
    steps: keepHostNullSteps,
    reason: "the last moment at which the host's own files are in sight",
  },
  { steps: mountSteps, reason: "in the order of config.json: later ones may lie in earlier ones" },
  { steps: notifySteps, reason: "/run may be one of the mounts before" },
  { steps: deviceSteps, reason: "into the /dev that was mounted just now" },
  {
    steps: createHookSteps,
    reason: "runtime.md: the mounts are there for them, and the host's files are still in sight",
  },
  {
    steps: switchRootSteps,
    reason: "all sources are host paths, so nothing of them is needed any more",
  },
  {
    steps: consoleSteps,
    reason: "/dev can still be written, and the paths are the container's",
  },
  { steps: makeCwdSteps, reason: "while the root can be written" },
  { steps: finishReadonlyMountSteps, reason: "nothing is made in them any more" },
  { steps: readonlyRootSteps, reason: "likewise" },
  { steps: nameSteps, reason: "needs CAP_SYS_ADMIN in the uts namespace" },
  { steps: processLabelSteps, reason: "as runc, before /proc/sys changes" },
  { steps: sysctlSteps, reason: "before /proc/sys becomes read-only" },
  { steps: hiddenPathSteps, reason: "after everything that may need those paths" },
  { steps: unbindableRootSteps, reason: "those paths are covered by clones" },
  { steps: umaskSteps, reason: "the last file was made" },
  {
    steps: (input) => [closeOpenedStep(input)],
    reason: "before RLIMIT_NOFILE, which may be too low for all that is open, and before the wait",
  },
  { steps: limitSteps, reason: "a low limit must not disturb the steps before" },
  { steps: schedulingSteps, reason: "limits may grant it, and so do the powers given up next" },
  { steps: identitySteps, reason: "gives up the powers that all steps before needed" },
  { steps: executeSteps, reason: "the executable is looked up as the process's user, in its root" },
];

/**
 * What `create` will do for this configuration on this host.
 *
 * @throws {RangeError} when the configuration has no process: the caller checks that first
 */
export function planCreate(input: PlanInput): Plan {
  const { spec } = input;
  return {
    purpose: "create",
    steps: CREATE_ORDER.flatMap(({ steps }) => steps(input)),
    host: {
      terminal: terminalRequest(input),
      namespaces: joinedNamespaces(input),
      uidMappings: spec.uidMappings,
      gidMappings: spec.gidMappings,
      cloneInto: cloneInto(input),
      moveInto: cloneInto(input) === null ? input.cgroups.unifiedDirectory : null,
      oomScoreAdj: oomScore(input),
      netDevices: spec.netDevices,
      rlimits: limitsFromOutside(input) ? spec.process?.rlimits ?? [] : [],
    },
    warnings: [...spec.warnings, ...capabilityWarnings(input)],
  };
}
