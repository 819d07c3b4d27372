import type { ProcessConfig } from "../config.ts";
import { show } from "../show.ts";
import type { CapabilitySets } from "../valid.ts";
import { capabilityBit, capabilityNames } from "../words/capabilities.ts";
import type { Findings } from "./findings.ts";

type CapabilitiesConfig = NonNullable<ProcessConfig["capabilities"]>;

/** The order in which unknown names are reported. */
const SETS = ["bounding", "effective", "permitted", "inheritable", "ambient"] as const;

/**
 * The five sets as masks. Names that are unknown, or outside `grantable`, are left out with a warning: the runtime-spec wants no
 * failure here, since a caller may know newer capabilities than the kernel.
 */
export function checkCapabilities(
  capabilities: CapabilitiesConfig,
  grantable: bigint,
  origin: string,
  findings: Findings,
): CapabilitySets {
  const masks = { bounding: 0n, effective: 0n, permitted: 0n, inheritable: 0n, ambient: 0n };
  const ignored = new Set<string>();
  for (const set of SETS) {
    for (const name of capabilities[set] ?? []) {
      const bit = capabilityBit(name);
      if (bit === null || (bit & grantable) === 0n) ignored.add(name);
      else masks[set] |= bit;
    }
  }
  if (ignored.size > 0) {
    const names = [...ignored].map((name) => show(name)).join(", ");
    findings.warn(origin, `ignoring unknown or unavailable capabilities: ${names}`);
  }
  const stray = masks.effective & ~masks.permitted;
  if (stray !== 0n) {
    findings.problem(
      `${origin}/effective`,
      `${capabilityNames(stray).join(", ")} must be permitted to be effective`,
    );
  }
  return masks;
}
