import type { HostFacts } from "runtime/base/facts.ts";
import { readRawFilter } from "runtime/compile/seccomp/raw.ts";
import type { RawFilter } from "runtime/spec/valid.ts";
import { agentOf, type Seccomp, seccompWith } from "./seccomp.ts";

/**
 * A filter that somebody else has compiled.
 * @throws {SpecError} when the kernel would not take it, or the runtime not get through it
 * @throws {HostError} the caller names an agent by a relative path
 */
export function rawFilter(raw: RawFilter, facts: HostFacts): Seccomp {
  const hasAgent = (): boolean => agentOf(raw) !== null;
  return seccompWith(readRawFilter(raw, { ...facts, hasAgent }), { ...raw, facts });
}
