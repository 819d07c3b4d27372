import type { Arch } from "syscalls/abi/arch.ts";

/** What the planner must know of the host. A value, so that a plan can be made for any host in a test. */
export interface HostFacts {
  readonly arch: Arch;
  /** Kernel release as `[major, minor]`. */
  readonly kernel: readonly [number, number];
  /** Effective uid of the runtime. */
  readonly euid: number;
  /** True where the runtime itself already lives in a user namespace other than the initial one. */
  readonly inUserNamespace: boolean;
  /** The capabilities that the runtime can hand on (its bounding set), one bit each. */
  readonly capabilityBounds: bigint;
  /** Signals that the caller ignored, bit n-1 for signal n; the init inherits them unless they are reset. */
  readonly ignoredSignals: bigint;
  /** NOFILE limits as the caller had them, before the JavaScript engine raised its own. */
  readonly nofile: { readonly soft: bigint; readonly hard: bigint };
}
