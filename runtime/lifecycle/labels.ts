import { type Problem, SpecError } from "runtime/base/errors.ts";
import { hasAppArmor, hasSelinux } from "runtime/host/security_modules.ts";
import type { ValidSpec } from "runtime/spec/valid.ts";

/** The profile that confines nothing, which a process has that nobody has given another. */
const UNCONFINED = "unconfined";

/**
 * Checks that the host can do what the process's labels ask for. "unconfined" is what every process is where there is no
 * AppArmor, and nothing to be written.
 *
 * @param origin the JSON pointer of the process: `/process`, or "" in a process.json
 * @throws {SpecError} where a module is missing
 */
export function withHostLabels(spec: ValidSpec, origin: string, fileName: string): ValidSpec {
  const { process } = spec;
  if (process === null) return spec;
  const { apparmorProfile, selinuxLabel } = process;
  if (apparmorProfile === "" && selinuxLabel === "") return spec;
  const problems: Problem[] = [];
  if (selinuxLabel !== "" && !hasSelinux()) {
    problems.push({
      path: `${origin}/selinuxLabel`,
      text: "selinux label is specified in config, but selinux is disabled or not supported",
    });
  }
  const appArmor = apparmorProfile === "" || hasAppArmor();
  if (!appArmor && apparmorProfile !== UNCONFINED) {
    problems.push({
      path: `${origin}/apparmorProfile`,
      text: `profile ${
        JSON.stringify(apparmorProfile)
      } is specified in config, but apparmor is disabled or not supported`,
    });
  }
  if (problems.length > 0) throw new SpecError(fileName, problems);
  return appArmor ? spec : { ...spec, process: { ...process, apparmorProfile: "" } };
}
