import type { ProcessConfig } from "../config.ts";
import type { ValidRlimit } from "../valid.ts";
import type { Findings } from "./findings.ts";

/** Refuses two entries of one type, as the runtime-spec asks for (runc does not), and a soft limit above the hard one. */
export function checkRlimits(
  rlimits: NonNullable<ProcessConfig["rlimits"]>,
  origin: string,
  findings: Findings,
): ValidRlimit[] {
  const valid: ValidRlimit[] = [];
  for (const [i, { type, soft, hard }] of rlimits.entries()) {
    const at = `${origin}/${i}`;
    const earlier = valid.find((other) => other.type === type);
    if (earlier !== undefined) {
      findings.problem(`${at}/type`, `"${type}" is already given at ${earlier.origin}`);
    }
    if (soft > hard) {
      findings.problem(`${at}/soft`, `${soft} is above the hard limit ${hard}`);
    }
    valid.push({ type, soft: BigInt(soft), hard: BigInt(hard), origin: at });
  }
  return valid;
}
