import { type Problem, SpecError } from "runtime/base/errors.ts";
import { RAW_FILTER } from "./checks/filter.ts";
import { Findings } from "./checks/findings.ts";
import { checkPolicy, checkSeccomp } from "./checks/seccomp.ts";
import { parseConfig, parseSeccomp } from "./parse.ts";
import type { ValidSeccomp } from "./valid.ts";

/** A policy and where in its file it is. */
export interface SeccompFile {
  readonly policy: ValidSeccomp;
  /** JSON pointer. */
  readonly origin: string;
}

/**
 * A policy for system calls, from a file of its own or from a config.json.
 *
 * @throws {SpecError} with every problem of the file, among them that it has no policy
 */
export function validSeccomp(text: string, fileName: string): SeccompFile {
  const findings = new Findings();
  const origin = isConfig(text) ? "/linux/seccomp" : "";
  const policy = isConfig(text)
    ? policyOfConfig(text, fileName, findings)
    : policyOfProfile(text, fileName, findings);
  if (findings.problems.length > 0) throw new SpecError(fileName, findings.problems);
  if (policy === null) throw new SpecError(fileName, [{ path: origin, text: "is missing" }]);
  return { policy, origin };
}

function isConfig(text: string): boolean {
  return /"(?:ociVersion|linux)"\s*:/.test(text);
}

function policyOfConfig(
  text: string,
  fileName: string,
  findings: Findings,
): ValidSeccomp | null {
  const config = parseConfig(text, fileName);
  const seccomp = config.linux?.seccomp;
  if (config.annotations?.[RAW_FILTER] !== undefined) {
    findings.problem(
      `/annotations/${RAW_FILTER}`,
      "stands in for linux.seccomp, and is compiled: there is no profile to look at",
    );
  }
  return seccomp === undefined
    ? null
    : checkSeccomp(config, seccomp, { hasReceiver: true, findings });
}

function policyOfProfile(text: string, fileName: string, findings: Findings): ValidSeccomp {
  refuseTemplate(text, fileName);
  const seccomp = parseSeccomp(text, fileName);
  if (seccomp.defaultAction === undefined) {
    findings.problem("/defaultAction", "is missing");
  }
  return checkPolicy(seccomp, "", findings, true);
}

/** What the profiles of Docker, containerd and Podman have beside a policy: rules for some machines and capabilities alone. */
const TEMPLATE_WORDS = ["archMap", "includes", "excludes"];

/** A template says what a policy is made of; what comes out depends on things that are not in it. */
function refuseTemplate(text: string, fileName: string): void {
  const word = TEMPLATE_WORDS.find((name) =>
    new RegExp(`"${name}"\\s*:\\s*[[{]\\s*["{]`).test(text)
  );
  if (word === undefined) return;
  const problem: Problem = {
    path: "",
    text: `it is a template for profiles, as container engines have them ("${word}"); ` +
      "hint: take the config.json that an engine made of it",
  };
  throw new SpecError(fileName, [problem]);
}
