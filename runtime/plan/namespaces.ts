import { DELEGATED } from "runtime/spec/checks/cgroup_names.ts";
import type { NamespaceType, ValidNamespace } from "runtime/spec/valid.ts";
import { hasNamespace, isNew, namespaceOf, type PlanInput } from "./input.ts";
import type { Step } from "./step.ts";

/** The namespaces that one clone(2) makes; user and time come earlier, cgroup once the init is in its cgroup. */
const CLONED: readonly NamespaceType[] = ["ipc", "mount", "network", "pid", "uts"];

export type JoinedNamespace = ValidNamespace & { readonly path: string };

/** The namespaces given by path, in the order of the file: the host half opens them in this order. */
export function joinedNamespaces(input: PlanInput): readonly JoinedNamespace[] {
  return input.spec.namespaces.filter((it): it is JoinedNamespace => it.path !== null);
}

/**
 * Joins by path. Without a user namespace each is joined once. With one, the others are tried first with the powers
 * of the host (they may belong to it), then the user namespace, then those that were refused.
 */
export function joinSteps(input: PlanInput): Step[] {
  const joined = joinedNamespaces(input).map((namespace, index) => ({ namespace, index }));
  const user = joined.filter(({ namespace }) => namespace.type === "user");
  const others = joined.filter(({ namespace }) => namespace.type !== "user");
  const join = (
    { namespace, index }: typeof joined[number],
    attempt: "only" | "first" | "again",
  ): Step => ({
    kind: "joinNamespace",
    type: namespace.type,
    fd: `namespace:${index}`,
    attempt,
    label: `join ${namespace.type} namespace ${JSON.stringify(namespace.path)}`,
    origin: namespace.origin,
  });
  if (user.length === 0) {
    return [...sharedPidSteps(input), ...others.map((it) => join(it, "only"))];
  }
  return [
    ...sharedPidSteps(input),
    ...others.map((it) => join(it, "first")),
    ...user.map((it) => join(it, "only")),
    ...others.map((it) => join(it, "again")),
    becomeRoot(user[0]?.namespace.origin ?? "", ownsProcFiles(input)),
  ];
}

/** In a user namespace that is joined, only time offsets need it. */
function ownsProcFiles(input: PlanInput): boolean {
  return sharedPidSteps(input).length === 0 || input.spec.timeOffsets.length > 0;
}

const FORBID_TRACING: Step = {
  kind: "forbidTracing",
  label: "let nobody in the container trace this process",
  origin: "",
};

/**
 * In a pid namespace that others are in, the init shows itself to them long before it has given up its powers, and while it still
 * has the host's files in sight. With a new user namespace nobody else in there can trace what belongs to that; in one that it
 * joins, others may have every capability.
 */
function sharedPidSteps({ spec }: PlanInput): Step[] {
  const pid = namespaceOf(spec, "pid");
  const shared = pid === undefined || pid.path !== null;
  return shared && !isNew(spec, "user") ? [FORBID_TRACING] : [];
}

/** Joins namespaces of a running container, and is root in its user namespace if that is one of them. */
export function joinProcessSteps(types: readonly NamespaceType[]): Step[] {
  if (types.length === 0) return [];
  const label = `join ${types.join(", ")} namespaces of the container`;
  const origin = "/linux/namespaces";
  const steps: Step[] = [
    FORBID_TRACING,
    { kind: "joinProcess", types, label, origin },
  ];
  if (types.includes("user")) steps.push(becomeRoot(origin, false));
  return steps;
}

function becomeRoot(origin: string, ownsProcFiles: boolean): Step {
  const label = "become root of the user namespace";
  return { kind: "becomeNamespaceRoot", ownsProcFiles, label, origin };
}

function isJoined({ spec }: PlanInput, type: NamespaceType): boolean {
  return hasNamespace(spec, type) && !isNew(spec, type);
}

/** The namespaces that must exist before the init does: user, which owns the rest, and time, whose offsets come first. */
export function earlyNamespaceSteps(input: PlanInput): Step[] {
  const { spec } = input;
  const steps: Step[] = [];
  const user = namespaceOf(spec, "user");
  if (user?.path === null) {
    steps.push(
      { kind: "unshare", type: "user", label: "create user namespace", origin: user.origin },
      {
        kind: "ask",
        duty: "idMaps",
        label: "wait for uid_map and gid_map",
        origin: "/linux/uidMappings",
      },
      becomeRoot(user.origin, true),
    );
  }
  const time = namespaceOf(spec, "time");
  if (time?.path === null) {
    steps.push({
      kind: "unshare",
      type: "time",
      label: "create time namespace",
      origin: time.origin,
    });
    for (const { clock, secs, nanosecs, origin } of spec.timeOffsets) {
      const label = `set time offset of ${clock} to ${secs}.${String(nanosecs).padStart(9, "0")} s`;
      steps.push({ kind: "setTimeOffset", clock, secs, nanosecs, label, origin });
    }
  }
  return steps;
}

/** The cgroup to clone the init into. In a user namespace it may not: the host half moves it then. */
export function cloneInto(input: PlanInput): string | null {
  return inUserNamespace(input) ? null : input.cgroups.unifiedDirectory;
}

/** Enters the version 1 cgroups: while the process still is the host's root and sees the host's files. */
export function joinCgroupSteps(input: Pick<PlanInput, "cgroups">): Step[] {
  return input.cgroups.tasks.map((tasks) => ({
    kind: "joinCgroup",
    tasks,
    label: `join cgroup ${JSON.stringify(tasks.slice(0, tasks.lastIndexOf("/")))}`,
    origin: "/linux/cgroupsPath",
  }));
}

/**
 * Where the init itself can enter its version 1 cgroups, it does so after the namespaces were made: what the kernel needs for those
 * is then not taken from the container's memory.
 */
export function initJoinsCgroup(input: PlanInput): boolean {
  const mount = namespaceOf(input.spec, "mount");
  return !inUserNamespace(input) && (mount === undefined || mount.path === null);
}

/** Clones the init, then waits until the host half has recorded and placed it. */
export function forkSteps(input: PlanInput): Step[] {
  const namespaces = CLONED.filter((type) => isNew(input.spec, type));
  const names = namespaces.length === 0
    ? "no new namespaces"
    : `new ${namespaces.join(", ")} namespaces`;
  return [
    // Once more: for time offsets it was allowed.
    ...isJoined(input, "user") ? sharedPidSteps(input) : [],
    {
      kind: "forkInit",
      namespaces,
      intoCgroup: cloneInto(input) !== null,
      orBesides: false,
      label: `create the container's init with ${names}`,
      origin: "/linux/namespaces",
    },
    placeStep(),
  ];
}

/** A process for namespaces that were joined: a pid namespace has only those that are born in it. */
export function forkJoinedSteps(intoCgroup: boolean): Step[] {
  const label = "create the process in the container";
  return [
    {
      kind: "forkInit",
      namespaces: [],
      intoCgroup,
      orBesides: true,
      label,
      origin: "/linux/namespaces",
    },
    placeStep(),
  ];
}

function placeStep(): Step {
  const label = "wait until the host has recorded and placed the init";
  return { kind: "ask", duty: "place", label, origin: "/linux/cgroupsPath" };
}

export function newSessionStep(): Step {
  return { kind: "newSession", label: "start a session", origin: "" };
}

/** What an init does with its namespaces before it looks at files. */
export function ownNamespaceSteps(input: PlanInput): Step[] {
  const { spec } = input;
  const steps: Step[] = [];
  const cgroup = namespaceOf(spec, "cgroup");
  if (cgroup?.path === null) {
    steps.push({
      kind: "unshare",
      type: "cgroup",
      label: "create cgroup namespace",
      origin: cgroup.origin,
    });
  }
  if (spec.delegatedCgroup !== "") {
    steps.push({
      kind: "ask",
      duty: "delegate",
      label: `wait until the host has moved the init into cgroup ${
        JSON.stringify(spec.delegatedCgroup)
      }`,
      origin: `/annotations/${DELEGATED}`,
    });
  }
  steps.push(newSessionStep());
  const network = namespaceOf(spec, "network");
  if (network?.path === null) {
    steps.push({ kind: "loopbackUp", label: "bring up lo", origin: network.origin });
  }
  return steps;
}

/** Host and domain name: late, as the peers do, since nothing before needs them. */
export function nameSteps(input: PlanInput): Step[] {
  const { hostname, domainname } = input.spec;
  const steps: Step[] = [];
  if (hostname !== null) {
    const label = `set hostname ${JSON.stringify(hostname)}`;
    steps.push({ kind: "setHostname", name: hostname, label, origin: "/hostname" });
  }
  if (domainname !== null) {
    const label = `set domainname ${JSON.stringify(domainname)}`;
    steps.push({ kind: "setDomainname", name: domainname, label, origin: "/domainname" });
  }
  return steps;
}

/** True when the kernel will refuse to make device nodes: the init is root of a user namespace only. */
export function inUserNamespace(input: PlanInput): boolean {
  return hasNamespace(input.spec, "user") || input.facts.inUserNamespace;
}
