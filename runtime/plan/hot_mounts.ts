import type { NamespaceType, ValidMount } from "runtime/spec/valid.ts";
import { beginSteps } from "./begin.ts";
import type { ExecInput } from "./exec.ts";
import { forkJoinedSteps, joinProcessSteps } from "./namespaces.ts";
import { NO_DUTIES, type Plan } from "./plan.ts";
import { finishReadonlyMountSteps, mountSteps } from "./rootfs/mounts.ts";
import { openSourceStep } from "./rootfs/sources.ts";
import type { Step } from "./step.ts";

/**
 * What `mounts add` will do: the mounts of `input.spec`, in a container that runs. Sources are the host's, so they are cloned before
 * the container's namespaces are joined; and root of the host mounts, whatever the container's own root may do.
 */
export function planMounts(input: ExecInput): Plan {
  return planInside(
    input,
    [
      ...mountSteps(input).map((step): Step =>
        step.kind === "mountBind" ? { ...step, takesOpened: true } : step
      ),
      ...finishReadonlyMountSteps(input),
    ],
    input.spec.mounts.filter(({ bind, remount }) => bind !== "none" && !remount).map(
      openSourceStep,
    ),
  );
}

/** What `mounts remove` will do: takes away what is mounted at the destinations, last first. */
export function planUnmounts(input: ExecInput): Plan {
  return planInside(input, input.spec.mounts.toReversed().map(unmountStep), []);
}

function unmountStep({ destination, origin }: ValidMount): Step {
  const label = `unmount ${JSON.stringify(destination)}`;
  return { kind: "unmount", path: destination, label, origin };
}

/** The user namespace is left out: in it a process would have no more power than the container's own. */
function isJoined(type: NamespaceType): boolean {
  return type !== "user";
}

function planInside(
  input: ExecInput,
  steps: readonly Step[],
  before: readonly Step[],
): Plan {
  return {
    purpose: "mounts",
    steps: [
      ...beginSteps({ ...input, preservedFds: 0 }),
      ...before,
      ...joinProcessSteps(input.joined.filter(isJoined)),
      ...forkJoinedSteps(false),
      { kind: "openJoinedRoot", path: "/", label: 'open the container\'s root "/"', origin: "" },
      ...steps,
      { kind: "announce", label: "tell the host that all is done", origin: "" },
      { kind: "end", label: "end", origin: "" },
    ],
    host: NO_DUTIES,
    warnings: [],
  };
}
