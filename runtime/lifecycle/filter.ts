import type { HostFacts } from "runtime/base/facts.ts";
import type { ValidSpec } from "runtime/spec/valid.ts";
import type { Seccomp } from "./seccomp.ts";

/**
 * Compiles the filter of `linux.seccomp`; null for a container without one, which pays nothing.
 * @throws {SpecError} when the kernel cannot take it
 */
export async function seccompOf(spec: ValidSpec, facts: HostFacts): Promise<Seccomp | null> {
  if (spec.seccomp === null) return null;
  const { compileFilter } = await import("./seccomp.ts");
  return await compileFilter(spec, spec.seccomp, facts);
}
