import type { IdMapping, ValidNamespace, ValidNetDevice, ValidRlimit } from "runtime/spec/valid.ts";
import type { Step } from "./step.ts";

/** All that a command will do in a container: the steps of the program, and what the host half owes it. */
export interface Plan {
  /** What it makes: the container's init, one more process, a hook, or mounts in a container that runs. */
  readonly purpose: "create" | "exec" | "hook" | "mounts";
  readonly steps: readonly Step[];
  readonly host: HostDuties;
  /** Things a person should know that are no errors. */
  readonly warnings: readonly string[];
}

/** What the host half does while the init program waits for it. */
export interface HostDuties {
  /** Null for a process without a terminal. */
  readonly terminal: TerminalRequest | null;
  /** Namespaces to open before the program runs; the descriptor `namespace:N` is the N-th. */
  readonly namespaces: readonly (ValidNamespace & { readonly path: string })[];
  readonly uidMappings: readonly IdMapping[];
  readonly gidMappings: readonly IdMapping[];
  /** Written to /proc/PID/oom_score_adj; null leaves it alone. */
  readonly oomScoreAdj: OomScore | null;
  /** The version 2 cgroup whose descriptor `cgroup` the init is cloned into; null when there is none to clone into. */
  readonly cloneInto: string | null;
  /** The version 2 cgroup that the host half must move the init into; null when it got there by itself. */
  readonly moveInto: string | null;
  /** Network devices to move into the init's network namespace before it does anything. */
  readonly netDevices: readonly ValidNetDevice[];
  /** Limits to set from outside (user namespaces); empty when the program sets them itself. */
  readonly rlimits: readonly ValidRlimit[];
}

export interface OomScore {
  /** -1000 to 1000. */
  readonly value: number;
  /** Who is not root of the host may raise it only: what is refused then is no failure. */
  readonly mayBeRefused: boolean;
}

/** Of a program that needs nobody. */
export const NO_DUTIES: HostDuties = {
  terminal: null,
  namespaces: [],
  uidMappings: [],
  gidMappings: [],
  cloneInto: null,
  moveInto: null,
  netDevices: [],
  oomScoreAdj: null,
  rlimits: [],
};

/** The terminal that a process asks for. */
export interface TerminalRequest {
  /** In characters; null leaves it to whoever sits before it. */
  readonly size: { readonly rows: number; readonly columns: number } | null;
}

/** Where the container's cgroups are, as far as cgroup mounts inside the container need it. */
export interface CgroupFacts {
  /** True where cgroup v2 is the only hierarchy. */
  readonly unified: boolean;
  readonly hierarchies: readonly CgroupHierarchyFacts[];
  /** Version 1 `tasks` files, in which a process of one thread writes `0` to enter (no lock of the whole machine is taken). */
  readonly tasks: readonly string[];
  /** The version 2 directory to be entered, null without version 2. */
  readonly unifiedDirectory: string | null;
}

export interface CgroupHierarchyFacts {
  /** Folder name below `/sys/fs/cgroup`: `cpu,cpuacct`, `systemd`, `unified`. "" for pure v2. */
  readonly name: string;
  readonly version: 1 | 2;
  /** `cpu`, `cpuacct`; `name=systemd` for a named one. Empty for v2. */
  readonly controllers: readonly string[];
  /** The container's own directory in it, on the host. */
  readonly directory: string;
  /** False where the container stays in the cgroup of the caller, who may not make one. */
  readonly isOwn: boolean;
}
