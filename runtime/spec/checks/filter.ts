import type { Config } from "../config.ts";
import type { ValidSpec } from "../valid.ts";
import type { Findings } from "./findings.ts";
import { checkListener, checkSeccomp } from "./seccomp.ts";

/** crun's annotation with a whole filter, which stands in for `linux.seccomp`. */
export const RAW_FILTER = "run.oci.seccomp_bpf_data";

/**
 * What becomes the container's filter: the policy of `linux.seccomp`, or a program that an annotation has. Of a policy beside a program
 * the flags and the listener count, and nothing else is looked at, as in crun.
 *
 * @param hasReceiver whether somebody answers for SCMP_ACT_NOTIFY where the file names nobody
 */
export function checkFilter(
  config: Config,
  hasReceiver: boolean,
  findings: Findings,
): Pick<ValidSpec, "seccomp" | "rawFilter"> {
  const seccomp = config.linux?.seccomp;
  const base64 = config.annotations?.[RAW_FILTER];
  if (base64 === undefined) {
    const policy = seccomp === undefined
      ? null
      : checkSeccomp(config, seccomp, { hasReceiver, findings });
    return { seccomp: policy, rawFilter: null };
  }
  const listener = checkListener(config, seccomp ?? {}, findings);
  const flags = seccomp?.flags ?? null;
  const origin = `/annotations/${RAW_FILTER}`;
  return { seccomp: null, rawFilter: { base64, origin, flags, listener } };
}
