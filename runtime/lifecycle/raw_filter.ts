import type { HostFacts } from "runtime/base/facts.ts";
import { readRawFilter } from "runtime/compile/seccomp/raw.ts";
import type { RawFilter } from "runtime/spec/valid.ts";
import { agentOf, type Seccomp, seccompWith } from "./seccomp.ts";

/**
 * A filter that somebody else has compiled.
 *
 * @param fileName of the configuration that it is from
 * @throws {SpecError} when the kernel would not take it, or the runtime not get through it
 * @throws {HostError} the caller names an agent by a relative path
 */
export function rawFilter(raw: RawFilter, facts: HostFacts, fileName: string): Seccomp {
  const hasAgent = (): boolean => agentOf(raw) !== null;
  return seccompWith(readRawFilter(raw, { ...facts, hasAgent }, fileName), { ...raw, facts });
}
