import { boundingSet, grantedSets } from "./capabilities.ts";
import { filterSteps, setsForFilter } from "./filter.ts";
import { inUserNamespace } from "./namespaces.ts";
import { isNew, type PlanInput, processOf } from "./input.ts";
import type { OomScore } from "./plan.ts";
import type { Step } from "./step.ts";

/** crun's annotation by which a rootless Podman keeps the caller's groups (`--group-add keep-groups`), unless it is "0". */
const KEEP_GROUPS = "run.oci.keep_original_groups";

/** The working directory is made while the root can be written. */
export function makeCwdSteps(input: PlanInput): Step[] {
  const { cwd } = processOf(input);
  if (cwd === "/") return [];
  const label = `make working directory ${JSON.stringify(cwd)}`;
  return [{ kind: "makeDirectory", path: cwd, label, origin: "/process/cwd" }];
}

/** What runc sets for a container whose configuration has no umask. */
export const DEFAULT_UMASK = 0o022;

/** The umask of a container's own process. */
export function umaskSteps(input: PlanInput): Step[] {
  return [umaskStep(processOf(input).umask ?? DEFAULT_UMASK)];
}

/** The umask of a process of `exec`: without one it keeps the caller's. */
export function changedUmaskSteps(input: PlanInput): Step[] {
  const { umask } = processOf(input);
  return umask === null ? [] : [umaskStep(umask)];
}

function umaskStep(umask: number): Step {
  const label = `set umask ${umask.toString(8).padStart(4, "0")}`;
  return { kind: "setUmask", umask, label, origin: "/process/user/umask" };
}

/** Limits, set by the init itself where it is root of the host, else by the host half. */
export function limitSteps(input: PlanInput): Step[] {
  const { rlimits } = processOf(input);
  const { nofile } = input.facts;
  const steps: Step[] = [];
  if (!rlimits.some(({ type }) => type === "RLIMIT_NOFILE")) {
    // The JavaScript engine raised its own soft limit; the container gets what the caller had.
    const { soft, hard } = nofile;
    steps.push({
      kind: "setRlimit",
      resource: "RLIMIT_NOFILE",
      soft,
      hard,
      label: `set RLIMIT_NOFILE to the caller's ${soft}:${hard}`,
      origin: "",
    });
  }
  if (limitsFromOutside(input)) {
    steps.push({
      kind: "ask",
      duty: "limits",
      label: "wait until the host has set the resource limits",
      origin: "/process/rlimits",
    });
    return steps;
  }
  for (const { type, soft, hard, origin } of rlimits) {
    const label = `set ${type} to ${soft}:${hard}`;
    steps.push({ kind: "setRlimit", resource: type, soft, hard, label, origin });
  }
  return steps;
}

/** In a user namespace nobody may raise a hard limit: the host half does it. */
export function limitsFromOutside(input: PlanInput): boolean {
  return inUserNamespace(input) && processOf(input).rlimits.length > 0;
}

/** How eagerly the kernel may kill the process for want of memory; null for as it is. */
export function oomScore({ spec, facts }: PlanInput): OomScore | null {
  const value = spec.process?.oomScoreAdj ?? null;
  const mayBeRefused = facts.euid !== 0 || facts.inUserNamespace;
  return value === null ? null : { value, mayBeRefused };
}

/** From root to the process's user, losing no power before its last use. */
export function identitySteps(input: PlanInput): Step[] {
  const { cwd, noNewPrivileges, uid, gid, additionalGids } = processOf(input);
  const sets = grantedSets(input);
  const enter = (attempt: "asRoot" | "asUser"): Step => ({
    kind: "enterDirectory",
    path: cwd,
    attempt,
    label: `enter working directory ${JSON.stringify(cwd)}`,
    origin: "/process/cwd",
  });
  const capabilities = "/process/capabilities";
  const origin = "/process/user";
  const steps: Step[] = [enter("asRoot")];
  steps.push({
    kind: "dropBoundingSet",
    drop: ~sets.bounding & boundingSet(input),
    label: "drop capabilities from the bounding set",
    origin: `${capabilities}/bounding`,
  });
  steps.push({
    kind: "ownStdio",
    uid,
    label: `give standard input, output and error to user ${uid}`,
    origin: `${origin}/uid`,
  });
  if ((input.spec.annotations[KEEP_GROUPS] ?? "0") === "0") {
    steps.push({
      kind: "setGroups",
      gids: additionalGids,
      label: `set supplementary groups [${additionalGids.join(", ")}]`,
      origin: `${origin}/additionalGids`,
    });
  }
  steps.push(
    { kind: "setUser", uid, gid, label: `become user ${uid} and group ${gid}`, origin },
    capabilityStep(input),
    enter("asUser"),
  );
  if (noNewPrivileges) {
    steps.push({
      kind: "setNoNewPrivileges",
      label: "set no_new_privs",
      origin: "/process/noNewPrivileges",
    });
  }
  return steps;
}

/** The last steps of a container's init: find the program, wait for start, become it. */
export function executeSteps(input: PlanInput): Step[] {
  return [
    findStep(input),
    closeRestStep(input),
    ...isNew(input.spec, "pid") ? [END_ON_SIGNALS] : [],
    ...filterSteps(input),
    { kind: "waitForStart", label: "wait for start", origin: "" },
    executeStep(input),
  ];
}

/** The last steps of a process that waits for nobody. */
export function executeAtOnceSteps(input: PlanInput): Step[] {
  return [
    findStep(input),
    closeRestStep(input),
    ...filterSteps(input),
    { kind: "announce", label: "tell the host that all is done", origin: "" },
    executeStep(input),
  ];
}

const END_ON_SIGNALS: Step = {
  kind: "endOnSignals",
  label: "end on signals while waiting",
  origin: "",
};

/** Before the filter, which may not let it. */
export function closeRestStep({ preservedFds }: Pick<PlanInput, "preservedFds">): Step {
  const label = "close all that the process does not keep";
  return { kind: "closeRest", preservedFds, label, origin: "" };
}

function capabilityStep(input: PlanInput): Step {
  const sets = setsForFilter(input);
  const kept = sets === null ? "" : ", and CAP_SYS_ADMIN until the seccomp filter is installed";
  return {
    kind: "setCapabilities",
    sets: sets ?? grantedSets(input),
    label: `set capabilities${kept}`,
    origin: "/process/capabilities",
  };
}

function findStep(input: PlanInput): Step {
  const { args, env } = processOf(input);
  const name = args[0];
  return {
    kind: "findExecutable",
    name,
    candidates: candidates(name, env),
    label: `find executable ${JSON.stringify(name)}`,
    origin: "/process/args/0",
  };
}

function executeStep(input: PlanInput): Step {
  const { args, env } = processOf(input);
  const label = `execute ${JSON.stringify(args[0])}`;
  return { kind: "execute", path: null, args, env, label, origin: "/process/args" };
}

/** Where execvp(3) would look: the name itself when it has a slash, else each entry of the container's PATH. */
function candidates(name: string, env: readonly string[]): string[] {
  if (name.includes("/")) return [name];
  if (name === "") return [];
  const path = env.find((entry) => entry.startsWith("PATH="))?.slice("PATH=".length) ?? "";
  if (path === "") return [];
  return path.split(":").map((folder) => folder === "" ? `./${name}` : `${folder}/${name}`);
}
