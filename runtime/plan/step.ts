import type {
  CapabilitySets,
  IdList,
  NamespaceType,
  PersonalityDomain,
  Propagation,
  ValidIoPriority,
  ValidMemoryPolicy,
  ValidScheduler,
} from "runtime/spec/valid.ts";
import type { MountStep } from "./mount_step.ts";
import type { Duty } from "./protocol.ts";

/**
 * One operation of the init program, with all its data. A step knows its words and its place in config.json, so that
 * a failure of it can be told in one sentence; it knows nothing of machine code.
 *
 * `label` begins with a verb (`mount "proc" on "/proc"`); `origin` is a JSON pointer into config.json, or "" for what
 * the runtime does of its own accord.
 */
export type Step = StepAction & { readonly label: string; readonly origin: string };

/** A descriptor that the host half opens before the program runs, by its use. */
export type HostFd =
  | "sync"
  | "gate"
  | "outcome"
  | "cgroup"
  | "target"
  | "stdin"
  | "stdout"
  | "stderr"
  | "notify"
  | `namespace:${number}`;

export type StepAction =
  | ProcessStep
  | NamespaceStep
  | RootStep
  | FilesystemStep
  | TerminalStep
  | SchedulingStep
  | LabelStep
  | IdentityStep
  | ExecStep;

/** What is asked for by a step of its own; the rest belongs to steps that do more. */
type StepDuty = Exclude<
  Duty,
  "copyUp" | "terminal" | "placeDirectory" | "placeFile" | "inheritMode" | "idmap"
>;

/** Before anything of the container exists, and the talk with the host half. */
export type ProcessStep =
  /** The signals that are ignored back to their default action, none blocked: what the container's process must find. */
  | { readonly kind: "resetSignals"; readonly ignored: readonly number[] }
  /** Standard input, output and error become those that the host half has opened for the process. */
  | { readonly kind: "useStdio" }
  /** Closes what the runtime's caller had open behind what the process keeps; the program's own closes itself at execve. */
  | { readonly kind: "closeInherited"; readonly preservedFds: number }
  /** Waits until the host half has done its duty; ends without a word when the host half is gone. */
  | {
    readonly kind: "ask";
    readonly duty: StepDuty;
  }
  /** Enters a version 1 cgroup by its `tasks` file. */
  | { readonly kind: "joinCgroup"; readonly tasks: string }
  /** Clones the init with new namespaces, reports its pid and ends; the init goes on with the next step. */
  | {
    readonly kind: "forkInit";
    readonly namespaces: readonly NamespaceType[];
    /** Whether the init is born in the cgroup of the host half's descriptor (CLONE_INTO_CGROUP). */
    readonly intoCgroup: boolean;
    /** Where it cannot be, it is born in its maker's, and the host half moves it. */
    readonly orBesides: boolean;
  }
  /**
   * Joins the session keyring of this name, which is made when it is not there. `searchableBy` is who may search it besides
   * those who possess it; null leaves that as it is. A kernel without keyrings is a warning.
   */
  | {
    readonly kind: "joinSessionKeyring";
    readonly name: string;
    readonly searchableBy: "user" | "others" | null;
  }
  /**
   * No process without powers over the host's can trace this one, or take its descriptors, until execve: it enters a container
   * that runs (the class of CVE-2016-9962).
   */
  | { readonly kind: "forbidTracing" }
  /** Goes to a directory by its path in this process's mount namespace; one that is gone may be no failure. */
  | { readonly kind: "enterHostDirectory"; readonly path: string; readonly mayBeGone: boolean }
  /** The init leads its own session. */
  | { readonly kind: "newSession" };

export type NamespaceStep =
  /**
   * Joins a namespace by descriptor. `first` may be refused (EPERM) where a user namespace is joined later, `again`
   * then tries those that were.
   */
  | {
    readonly kind: "joinNamespace";
    readonly type: NamespaceType;
    readonly fd: HostFd;
    readonly attempt: "only" | "first" | "again";
  }
  /** Joins these namespaces of the process behind the pidfd `target`, all at once (setns(2), Linux 5.8). */
  | { readonly kind: "joinProcess"; readonly types: readonly NamespaceType[] }
  /** Unshares one namespace of the calling process (user, cgroup; time: of its children). */
  | { readonly kind: "unshare"; readonly type: NamespaceType }
  /** Becomes uid 0 and gid 0 of the new user namespace, without supplementary groups where they may be dropped. */
  | {
    readonly kind: "becomeNamespaceRoot";
    /** Its files in /proc are its own: it writes to them, and nobody but it is in the namespace. */
    readonly ownsProcFiles: boolean;
  }
  | {
    readonly kind: "setTimeOffset";
    readonly clock: "monotonic" | "boottime";
    readonly secs: bigint;
    readonly nanosecs: number;
  }
  | { readonly kind: "loopbackUp" }
  | { readonly kind: "setHostname"; readonly name: string }
  | { readonly kind: "setDomainname"; readonly name: string };

/** From the host's tree to the container's. */
export type RootStep =
  /** Changes the propagation of everything mounted at and, for the `r...` forms, below `/`. */
  | { readonly kind: "setRootPropagation"; readonly propagation: Propagation }
  /** Cuts the mount that holds the rootfs off: pivot_root refuses a shared parent. Tries the paths in order. */
  | {
    readonly kind: "cutParentOff";
    readonly candidates: readonly string[];
    /** Private, or still told what is mounted on the host. */
    readonly propagation: "private" | "slave";
  }
  /** A recursive bind of the rootfs onto itself: the container's root is a mount of its own. */
  | {
    readonly kind: "openRoot";
    readonly path: string;
    /** True where nothing that is mounted on the host may turn up at the root itself. */
    readonly makePrivate: boolean;
  }
  /** A recursive, read-only bind of `lower` at `scratch`. */
  | View<"openReadonlyRoot">
  /** The same at `root` in a tmpfs there, with overlays over directories; what the kernel lets nobody overlay stays read-only. */
  | View<"openLayeredRoot"> & { readonly layers: readonly string[] }
  /** An overlay of `lower` on a tmpfs at `scratch`; user namespaces have no trusted attributes to note things in (overlayfs.rst). */
  | View<"openOverlayRoot"> & { readonly userAttributes: boolean }
  /** Keeps a descriptor of the host's `/dev/null`, verified to be it. */
  | { readonly kind: "keepHostNull" }
  /** Clones a source of a bind mount, cut off from the host's mounts, for a later step with the same origin. */
  | {
    readonly kind: "openSource";
    readonly source: string;
    readonly deep: boolean;
    readonly nofollow: boolean;
    /** Whether the mount namespace may be one of others, of which nothing can be cloned; the source is then taken by its path. */
    readonly mayBeRefused: boolean;
  }
  | { readonly kind: "pivotRoot" }
  /** Takes a mount of the host's out of this mount namespace, or covers it; one that is gone with another is fine. */
  | { readonly kind: "hideHostMount"; readonly path: string }
  /** Moves the container's root over the host's and changes into it, for a host whose root cannot be pivoted away (a ramdisk). */
  | { readonly kind: "moveRoot" }
  | { readonly kind: "changeRoot" }
  /** Takes a directory, by its path in this process's mount namespace, for the container's root. */
  | { readonly kind: "openJoinedRoot"; readonly path: string };

/** Paths are absolute and meant inside the container's root; sources are host paths. */
type View<Kind> = { readonly kind: Kind; readonly lower: string; readonly scratch: string };

export type FilesystemStep =
  | MountStep
  | {
    readonly kind: "makeSymlink";
    readonly target: string;
    readonly path: string;
    readonly replace: boolean;
    /** A path of the host without which no link is made; null for a link that always is. */
    readonly where: string | null;
  }
  | {
    readonly kind: "makeDevice";
    readonly type: "c" | "b" | "p";
    readonly path: string;
    readonly major: number;
    readonly minor: number;
    readonly mode: number;
    readonly uid: number;
    readonly gid: number;
    /** `bind` where the kernel will not make device nodes (user namespaces), `node` tries a node first. */
    readonly how: "node" | "bind";
    /** True where another file may be there already: it is checked to be the same device. */
    readonly mayExist: boolean;
  }
  /** A directory and its parents, 0755 where missing. */
  | { readonly kind: "makeDirectory"; readonly path: string }
  | { readonly kind: "makeReadonly"; readonly path: string }
  /** Bind of a path onto itself, read-only; a missing path is fine. */
  | { readonly kind: "readonlyPath"; readonly path: string }
  /** `/dev/null` over a file, an empty read-only tmpfs over a directory; a missing path is fine. */
  | {
    readonly kind: "maskPath";
    readonly path: string;
    /** The option of that tmpfs which gives it its SELinux context; "" for none. */
    readonly context: string;
  }
  /** Takes away what is mounted at a path, once nobody uses it any more. */
  | { readonly kind: "unmount"; readonly path: string }
  | { readonly kind: "writeSysctl"; readonly path: string; readonly value: string }
  | { readonly kind: "setUmask"; readonly umask: number }
  /**
   * Closes all that the steps before have opened: a container may wait for its start for days, and whoever shares its pid
   * namespace could reach the host through what it holds.
   */
  | { readonly kind: "closeOpened"; readonly preservedFds: number };

/** The terminal of a process that asks for one. */
export type TerminalStep =
  /**
   * Makes a pty in the container's devpts, lets the host half take its master, and becomes the session that the other
   * end controls, with that as standard input, output and error.
   */
  | { readonly kind: "openTerminal" }
  /** The same end at `/dev/console`, as a mount. */
  | { readonly kind: "mountConsole" };
/** When and where the process runs, and where its memory is. */
export type SchedulingStep =
  /** `all` are those of the cgroup; a failure of that is a warning. */
  | { readonly kind: "setCpuAffinity"; readonly cpus: IdList | "all" }
  | {
    readonly kind: "setScheduler";
    readonly scheduler: ValidScheduler;
    /** True when the container's cgroup has some of the CPUs only: SCHED_DEADLINE needs them all. */
    readonly confined: boolean;
  }
  | { readonly kind: "setIoPriority"; readonly ioPriority: ValidIoPriority }
  | { readonly kind: "setPersonality"; readonly domain: PersonalityDomain }
  | { readonly kind: "setMemoryPolicy"; readonly policy: ValidMemoryPolicy };

/** What security modules are told through procfs. */
export type LabelStep =
  /** Keeps a descriptor of the host's procfs, verified to be one: the container's own `/proc` may be anything. */
  | { readonly kind: "keepHostProc" }
  /** Writes to a file of `/proc/thread-self/attr`: what this process gets at its next execve, or keys that it makes. */
  | {
    readonly kind: "setLabel";
    readonly module: "apparmor" | "selinux";
    readonly attribute: "exec" | "keycreate";
    /** The profile, or the SELinux context. */
    readonly value: string;
  };

/** From root's powers to the process's. */
export type IdentityStep =
  | {
    readonly kind: "enterDirectory";
    readonly path: string;
    readonly attempt: "asRoot" | "asUser";
  }
  | {
    readonly kind: "setRlimit";
    readonly resource: string;
    readonly soft: bigint;
    readonly hard: bigint;
  }
  /** Makes the user the owner of what it inherits as descriptors 0, 1 and 2, but never of /dev/null. */
  | { readonly kind: "ownStdio"; readonly uid: number }
  | { readonly kind: "setNoNewPrivileges" }
  | { readonly kind: "dropBoundingSet"; readonly drop: bigint }
  | { readonly kind: "setGroups"; readonly gids: readonly number[] }
  | { readonly kind: "setUser"; readonly uid: number; readonly gid: number }
  | { readonly kind: "setCapabilities"; readonly sets: CapabilitySets }
  /** Gives up what was kept for the filter. Nothing but capset(2) is called: the filter is in force. */
  | { readonly kind: "reduceCapabilities"; readonly sets: CapabilitySets };

export type ExecStep =
  /** Finds the program as execvp(3) would, now rather than at start. */
  | {
    readonly kind: "findExecutable";
    readonly name: string;
    readonly candidates: readonly string[];
  }
  /** Closes all but what the process keeps and what the program still talks and waits by. */
  | { readonly kind: "closeRest"; readonly preservedFds: number }
  /** The kernel lets no signal but SIGKILL end the first process of a pid namespace: until execve it ends by itself. */
  | { readonly kind: "endOnSignals" }
  /**
   * From here on the filter answers every call, the program's own included: what comes behind must make as few as possible, and
   * only those that any runtime makes. The host half takes the listener, or is given it where it may not.
   */
  | { readonly kind: "installFilter"; readonly listener: "taken" | "given" } & SeccompFilter
  /** Tells the host half that the container is created, then waits at the gate for `start`. */
  | { readonly kind: "waitForStart" }
  /** Tells the host half that all is done but `execve`, for a process that waits for nobody. */
  | { readonly kind: "announce" }
  /** The program has done what it was for. */
  | { readonly kind: "end" }
  /** Becomes the user's program. */
  | {
    readonly kind: "execute";
    /** Null: what `findExecutable` has found. */
    readonly path: string | null;
    readonly args: readonly string[];
    readonly env: readonly string[];
  };

/** A seccomp filter, compiled. */
export interface SeccompFilter {
  /** JSON pointer of what it was made from. */
  readonly origin: string;
  /** An array of `struct sock_filter`. */
  readonly program: Uint8Array;
  readonly instructions: number;
  /** Of SECCOMP_SET_MODE_FILTER, and as a person reads them. */
  readonly flags: bigint;
  readonly flagsText: string;
  /** Some calls are answered by an agent, who gets the listener's descriptor. */
  readonly notifies: boolean;
}
