import type { Arch } from "syscalls/abi/arch.ts";

/** A range of ids in a user namespace (user_namespaces(7)). */
export interface IdRange {
  /** Inside. */
  readonly containerID: number;
  /** In the user namespace around. */
  readonly hostID: number;
  readonly size: number;
}

/** What the planner must know of the host. A value, so that a plan can be made for any host in a test. */
export interface HostFacts {
  readonly arch: Arch;
  /** Kernel release as `[major, minor]`. */
  readonly kernel: readonly [number, number];
  /** Effective uid of the runtime. */
  readonly euid: number;
  /** Effective gid of the runtime. */
  readonly egid: number;
  /** True where the runtime itself already lives in a user namespace other than the initial one. */
  readonly inUserNamespace: boolean;
  /** The ids that there are in the runtime's own user namespace; null in the initial one, which has all. */
  readonly ids: { readonly uids: readonly IdRange[]; readonly gids: readonly IdRange[] } | null;
  /** True where nobody in the runtime's user namespace may set supplementary groups (user_namespaces(7)). */
  readonly setgroupsDenied: boolean;
  /** The capabilities that the runtime can hand on (its bounding set), one bit each. */
  readonly capabilityBounds: bigint;
  /** Signals that the caller ignored, bit n-1 for signal n; the init inherits them unless they are reset. */
  readonly ignoredSignals: bigint;
  /** NOFILE limits as the caller had them, before the JavaScript engine raised its own. */
  readonly nofile: { readonly soft: bigint; readonly hard: bigint };
}
