import type { HostFacts } from "runtime/base/facts.ts";
import type { ValidSpec } from "runtime/spec/valid.ts";
import type { Seccomp } from "./seccomp.ts";

/**
 * Makes the container's filter; null for a container without one, which pays nothing.
 *
 * @param fileName of the configuration, for messages
 * @throws {SpecError} when the kernel cannot take it
 */
export async function seccompOf(
  spec: ValidSpec,
  facts: HostFacts,
  fileName: string,
): Promise<Seccomp | null> {
  const { seccomp, rawFilter: raw } = spec;
  if (raw !== null) return (await import("./raw_filter.ts")).rawFilter(raw, facts, fileName);
  return seccomp === null
    ? null
    : await (await import("./seccomp.ts")).policyFilter(seccomp, facts, fileName);
}
