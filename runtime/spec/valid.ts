import type { Config } from "./config.ts";
import type { HookName } from "./words/hooks.ts";
import type { MOUNT_CONTEXTS } from "./words/mount_contexts.ts";
import type { MEMORY_POLICY_FLAGS, MEMORY_POLICY_MODES } from "./words/memory_policy.ts";
import type { PERSONALITY_DOMAINS } from "./words/personality.ts";
import type {
  SECCOMP_ACTIONS,
  SECCOMP_ARCHS,
  SECCOMP_FLAGS,
  SECCOMP_OPERATORS,
} from "./words/seccomp.ts";
import type {
  IO_PRIORITY_CLASSES,
  SCHEDULER_FLAGS,
  SCHEDULER_POLICIES,
} from "./words/scheduling.ts";

/**
 * config.json after validation: every default filled in, nothing optional, vocabularies turned into kernel names.
 * `origin` fields are JSON pointers into the file the value came from, "" where the runtime chose it.
 *
 * What a later stage gives meaning to (resources) stays as the file has it.
 */
export interface ValidSpec {
  readonly root: ValidRoot;
  readonly hostname: string | null;
  readonly domainname: string | null;
  readonly mounts: readonly ValidMount[];
  /** Null when the file has no process: create works, start refuses. */
  readonly process: ValidProcess | null;
  readonly namespaces: readonly ValidNamespace[];
  readonly uidMappings: readonly IdMapping[];
  readonly gidMappings: readonly IdMapping[];
  readonly timeOffsets: readonly TimeOffset[];
  readonly devices: readonly ValidDevice[];
  readonly netDevices: readonly ValidNetDevice[];
  readonly sysctl: readonly {
    readonly path: string;
    readonly value: string;
    readonly origin: string;
  }[];
  readonly maskedPaths: readonly OriginPath[];
  readonly readonlyPaths: readonly OriginPath[];
  readonly rootfsPropagation: Propagation | null;
  /** SELinux context of the container's mounts; "" when absent. */
  readonly mountLabel: string;
  /** The option that says it. */
  readonly mountContext: MountContext;
  /** Null: leave it alone. */
  readonly personality: PersonalityDomain | null;
  /** Null: leave it alone. */
  readonly memoryPolicy: ValidMemoryPolicy | null;
  /** Null: no filter. */
  readonly seccomp: ValidSeccomp | null;
  /** Null: what `seccomp` says. */
  readonly rawFilter: RawFilter | null;
  /** As written; "" when absent. */
  readonly cgroupsPath: string;
  /** The container's cgroup below the unit that systemd makes, `a/b`; "" for that itself. Without systemd it means nothing. */
  readonly systemdSubgroup: string;
  /** The cgroup below the container's that its processes are in, `a/b`; "" for that itself. */
  readonly delegatedCgroup: string;
  readonly hooks: ValidHooks;
  readonly annotations: Readonly<Record<string, string>>;
  /** Things a person should know that are no errors (unknown capabilities, relative destinations). */
  readonly warnings: readonly string[];
  /** The file as parsed, for what is not translated above. */
  readonly config: Config;
}

/** `linux.resources`, and the limits of `update`: as the file has them, but checked. What is left out asks for nothing, and so does a zero. */
export type Resources = NonNullable<NonNullable<Config["linux"]>["resources"]>;

/** `linux.intelRdt`, as the file has it, but checked. */
export type IntelRdt = NonNullable<NonNullable<Config["linux"]>["intelRdt"]>;

/** A mount option that gives SELinux a context. */
export type MountContext = typeof MOUNT_CONTEXTS[number];

export interface OriginPath {
  readonly path: string;
  readonly origin: string;
}

/** The root filesystem. */
export type ValidRoot =
  | {
    readonly kind: "directory";
    /** Absolute, no symlink in its last component. */
    readonly path: string;
    readonly readonly: boolean;
  }
  /** A copy-on-write overlay of `lower`; everything written is kept in memory and gone with the container. */
  | {
    /** `readonlyView` where there is no overlayfs: the same files, nothing can be written. */
    readonly kind: "overlay" | "readonlyView";
    readonly lower: string;
    /** Directories that are overlays in a `readonlyView`, with nothing mounted below them; none in an `overlay`. */
    readonly layers: readonly string[];
    /** An empty directory on the host to build it on, inside the container's mount namespace only. */
    readonly scratch: string;
    readonly readonly: boolean;
  };

export type Propagation =
  | "shared"
  | "slave"
  | "private"
  | "unbindable"
  | "rshared"
  | "rslave"
  | "rprivate"
  | "runbindable";

export type NamespaceType =
  | "user"
  | "cgroup"
  | "ipc"
  | "mount"
  | "network"
  | "pid"
  | "time"
  | "uts";

/** One namespace: new, or joined by path. */
export interface ValidNamespace {
  readonly type: NamespaceType;
  /** Null for a new one. */
  readonly path: string | null;
  readonly origin: string;
}

export interface IdMapping {
  readonly containerID: number;
  readonly hostID: number;
  readonly size: number;
}

export interface TimeOffset {
  readonly clock: "monotonic" | "boottime";
  readonly secs: bigint;
  readonly nanosecs: number;
  readonly origin: string;
}

/** One entry of `mounts`, its options sorted by what they mean. Kernel flag names, so that the planner needs no option words. */
export interface ValidMount {
  /** Absolute and clean (no `.`, `..`, double slashes). */
  readonly destination: string;
  /** Absolute for binds; the file's words for the rest ("none" when absent). */
  readonly source: string;
  /** File system type; "bind" for binds. */
  readonly type: string;
  readonly bind: "none" | "single" | "recursive";
  readonly remount: boolean;
  /** `MS_*` names to set (RDONLY, NOSUID, NODEV, NOEXEC, SYNCHRONOUS, ...), without BIND, REC, REMOUNT and propagation. */
  readonly set: readonly MountFlagName[];
  /** `MS_*` names that an option cleared (`rw`, `suid`, ...). */
  readonly clear: readonly MountFlagName[];
  /** Propagation of this mount, in the order given. */
  readonly propagation: readonly Propagation[];
  /** Recursive attributes (`rro`, `rnosuid`, ...) for mount_setattr(AT_RECURSIVE). */
  readonly recursive: {
    readonly set: readonly MountAttrName[];
    readonly clear: readonly MountAttrName[];
  };
  /** What the file system gets as data, comma separated options in the order given. */
  readonly data: readonly string[];
  readonly tmpcopyup: boolean;
  /** Id-mapped: not, this mount alone, or with everything below it. */
  readonly idmap: "none" | "single" | "recursive";
  readonly uidMappings: readonly IdMapping[];
  readonly gidMappings: readonly IdMapping[];
  /** crun's options. */
  readonly copySymlink: boolean;
  readonly sourceNofollow: boolean;
  readonly destinationNofollow: boolean;
  readonly origin: string;
}

/** Names of mount(2) flags that options can set or clear. */
export type MountFlagName =
  | "MS_RDONLY"
  | "MS_NOSUID"
  | "MS_NODEV"
  | "MS_NOEXEC"
  | "MS_SYNCHRONOUS"
  | "MS_DIRSYNC"
  | "MS_MANDLOCK"
  | "MS_NOATIME"
  | "MS_NODIRATIME"
  | "MS_RELATIME"
  | "MS_STRICTATIME"
  | "MS_LAZYTIME"
  | "MS_I_VERSION"
  | "MS_SILENT"
  | "MS_NOSYMFOLLOW";

/** Names of mount_setattr(2) attributes that `r...` options can set or clear. */
export type MountAttrName =
  | "MOUNT_ATTR_RDONLY"
  | "MOUNT_ATTR_NOSUID"
  | "MOUNT_ATTR_NODEV"
  | "MOUNT_ATTR_NOEXEC"
  | "MOUNT_ATTR__ATIME"
  | "MOUNT_ATTR_RELATIME"
  | "MOUNT_ATTR_NOATIME"
  | "MOUNT_ATTR_STRICTATIME"
  | "MOUNT_ATTR_NODIRATIME"
  | "MOUNT_ATTR_NOSYMFOLLOW";

export interface ValidDevice {
  readonly type: "c" | "b" | "u" | "p";
  /** Absolute and clean. */
  readonly path: string;
  readonly major: number;
  readonly minor: number;
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly origin: string;
}

/** A network device of the host's for the container. */
export interface ValidNetDevice {
  /** Its name on the host. */
  readonly hostName: string;
  /** Its name in the container; `%d` in it stands for a free number. */
  readonly name: string;
  readonly origin: string;
}

export interface ValidProcess {
  /** At least one. */
  readonly args: readonly [string, ...string[]];
  /** `KEY=value`, no key twice (the last one given wins, at the place of the first). */
  readonly env: readonly string[];
  /** Absolute. */
  readonly cwd: string;
  readonly terminal: boolean;
  /** Null when the file has none, or no terminal. */
  readonly consoleSize: { readonly rows: number; readonly columns: number } | null;
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids: readonly number[];
  /** Null when the file has none. */
  readonly umask: number | null;
  readonly rlimits: readonly ValidRlimit[];
  /** The five sets as bit masks, unknown names left out (with a warning). */
  readonly capabilities: CapabilitySets;
  readonly noNewPrivileges: boolean;
  /** Null: leave it alone. */
  readonly oomScoreAdj: number | null;
  /** AppArmor profile; "" for none. */
  readonly apparmorProfile: string;
  /** SELinux context; "" for none. */
  readonly selinuxLabel: string;
  /** Null: leave it alone. */
  readonly scheduler: ValidScheduler | null;
  /** Null: leave it alone. */
  readonly ioPriority: ValidIoPriority | null;
  /** Where a process of `exec` may run, before it is in the container's cgroup and from then on. */
  readonly execCpuAffinity: { readonly initial: IdList | null; readonly final: IdList | null };
}

/** The words of `process.scheduler`; what the file leaves out is 0. */
export interface ValidScheduler {
  readonly policy: keyof typeof SCHEDULER_POLICIES;
  readonly flags: readonly (keyof typeof SCHEDULER_FLAGS)[];
  readonly nice: number;
  readonly priority: number;
  /** Nanoseconds, as are the next two. */
  readonly runtime: bigint;
  readonly deadline: bigint;
  readonly period: bigint;
}

export interface ValidIoPriority {
  readonly class: keyof typeof IO_PRIORITY_CLASSES;
  readonly priority: number;
}

/** Numbers of CPUs or of NUMA nodes, at least one. */
export interface IdList {
  readonly ids: ReadonlySet<number>;
  /** As the file has it: `0-3,7`. */
  readonly text: string;
}

export type PersonalityDomain = keyof typeof PERSONALITY_DOMAINS;

export interface ValidMemoryPolicy {
  readonly mode: keyof typeof MEMORY_POLICY_MODES;
  readonly flags: readonly (keyof typeof MEMORY_POLICY_FLAGS)[];
  /** Null where the mode takes no nodes, or none are given. */
  readonly nodes: IdList | null;
}

export type SeccompArch = typeof SECCOMP_ARCHS[number];
export type SeccompFlag = typeof SECCOMP_FLAGS[number];
export type SeccompOperator = typeof SECCOMP_OPERATORS[number];

/** What happens to a system call. `SCMP_ACT_KILL` is `SCMP_ACT_KILL_THREAD`. */
export interface SeccompAnswer {
  readonly action: Exclude<typeof SECCOMP_ACTIONS[number], "SCMP_ACT_KILL">;
  /** The errno of SCMP_ACT_ERRNO, the message of SCMP_ACT_TRACE; 0 for the others. */
  readonly data: number;
}

/** A policy for system calls. */
export interface ValidSeccomp {
  readonly defaultAnswer: SeccompAnswer;
  /** As listed; the machine's own is meant even where it is not. */
  readonly architectures: readonly SeccompArch[];
  /** Null where the file has none, which is not the same as an empty list. */
  readonly flags: readonly SeccompFlag[] | null;
  /** Where the descriptor goes that answers for SCMP_ACT_NOTIFY; null when the file names nobody. */
  readonly listener: { readonly path: string; readonly metadata: string } | null;
  /** Whether a name that no architecture has is an error; it is passed over elsewhere, new profiles name new calls. */
  readonly refusesUnknown: boolean;
  /** In the order of the file. */
  readonly rules: readonly SeccompRule[];
}

/** A filter that somebody else has compiled. */
export interface RawFilter extends Pick<ValidSeccomp, "flags" | "listener"> {
  /** An array of `struct sock_filter`, not yet looked at. */
  readonly base64: string;
  readonly origin: string;
}

/** What happens to some system calls where all conditions hold. */
export interface SeccompRule {
  /** Known ones and others. */
  readonly names: readonly string[];
  readonly answer: SeccompAnswer;
  /** No two of them look at the same argument. */
  readonly conditions: readonly SeccompCondition[];
  readonly origin: string;
}

export interface SeccompCondition {
  /** 0 to 5. */
  readonly index: number;
  readonly operator: SeccompOperator;
  /** What the argument is compared with; the mask of SCMP_CMP_MASKED_EQ. */
  readonly value: bigint;
  /** What the masked argument is compared with; 0 for the other operators. */
  readonly valueTwo: bigint;
}

export interface ValidRlimit {
  /** `RLIMIT_NOFILE` ... */
  readonly type: string;
  readonly soft: bigint;
  readonly hard: bigint;
  readonly origin: string;
}

export interface CapabilitySets {
  readonly bounding: bigint;
  readonly effective: bigint;
  readonly permitted: bigint;
  readonly inheritable: bigint;
  readonly ambient: bigint;
}

/** Programs to run at moments of the container's life, in the order given. */
export type ValidHooks = Readonly<Record<HookName, readonly ValidHook[]>>;

export interface ValidHook {
  /** Absolute. */
  readonly path: string;
  /** The path where the file has none. */
  readonly args: readonly [string, ...string[]];
  /** Null when the file has none: then it depends on the hook's list. */
  readonly env: readonly string[] | null;
  /** In seconds, above zero; null is for ever. */
  readonly timeout: number | null;
  readonly origin: string;
}
