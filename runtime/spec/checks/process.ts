import type { HostFacts } from "runtime/base/facts.ts";
import type { ProcessConfig } from "../config.ts";
import type { UserMappings } from "../context.ts";
import { show } from "../show.ts";
import type { ValidProcess } from "../valid.ts";
import { checkCapabilities } from "./capabilities.ts";
import { checkEnvironment } from "./environment.ts";
import type { Findings } from "./findings.ts";
import { idsIn, isMapped } from "./id_mappings.ts";
import { checkRlimits } from "./rlimits.ts";
import { checkAffinity, checkIoPriority, checkScheduler } from "./scheduling.ts";

/** What a process depends on around it. */
export interface ProcessScope {
  readonly facts: HostFacts;
  /** Null where the container has no user namespace of its own. */
  readonly userNamespace: UserMappings | null;
}

/** To setresuid(2) it says that the id stays: the process would go on as root. */
const NO_ID = 0xffff_ffff;

/** All capabilities there can be: a user namespace gives its first process every one of them. */
const ALL_CAPABILITIES = (1n << 64n) - 1n;

const NO_CAPABILITIES: ValidProcess["capabilities"] = {
  bounding: 0n,
  effective: 0n,
  permitted: 0n,
  inheritable: 0n,
  ambient: 0n,
};

/** @param origin the JSON pointer of the process: `/process`, or "" in a process.json */
export function checkProcess(
  process: ProcessConfig,
  origin: string,
  scope: ProcessScope,
  findings: Findings,
): ValidProcess {
  const { args = [], cwd, user, capabilities, oomScoreAdj } = process;
  if (args.length === 0) findings.problem(`${origin}/args`, "args must not be empty");
  if (!cwd.startsWith("/")) {
    findings.problem(
      `${origin}/cwd`,
      cwd === ""
        ? "Cwd property must not be empty"
        : `${show(cwd)} is relative: Cwd must be an absolute path`,
    );
  }
  if (oomScoreAdj !== undefined && (oomScoreAdj < -1000 || oomScoreAdj > 1000)) {
    findings.problem(`${origin}/oomScoreAdj`, `${oomScoreAdj} is not in the range -1000 to 1000`);
  }
  checkIds(process, origin, scope, findings);
  const grantable = scope.userNamespace === null ? scope.facts.capabilityBounds : ALL_CAPABILITIES;
  return {
    args: args as unknown as ValidProcess["args"],
    env: checkEnvironment(process.env ?? [], `${origin}/env`, findings),
    cwd,
    terminal: process.terminal ?? false,
    consoleSize: consoleSizeOf(process),
    uid: user?.uid ?? 0,
    gid: user?.gid ?? 0,
    additionalGids: user?.additionalGids ?? [],
    // umask(2) uses these bits only.
    umask: user?.umask === undefined ? null : user.umask & 0o777,
    rlimits: checkRlimits(process.rlimits ?? [], `${origin}/rlimits`, findings),
    capabilities: capabilities === undefined
      ? NO_CAPABILITIES
      : checkCapabilities(capabilities, grantable, `${origin}/capabilities`, findings),
    noNewPrivileges: process.noNewPrivileges ?? false,
    oomScoreAdj: oomScoreAdj ?? null,
    apparmorProfile: process.apparmorProfile ?? "",
    selinuxLabel: process.selinuxLabel ?? "",
    ...checkTiming(process, origin, findings),
  };
}

/** When and where the process may run. */
function checkTiming(
  { scheduler, ioPriority, execCPUAffinity }: ProcessConfig,
  origin: string,
  findings: Findings,
): Pick<ValidProcess, "scheduler" | "ioPriority" | "execCpuAffinity"> {
  return {
    scheduler: scheduler === undefined ? null : checkScheduler(scheduler, origin, findings),
    ioPriority: ioPriority === undefined ? null : checkIoPriority(ioPriority, origin, findings),
    execCpuAffinity: execCPUAffinity === undefined
      ? { initial: null, final: null }
      : checkAffinity(execCPUAffinity, origin, findings),
  };
}

/** config.md: "MUST ignore if terminal is false". No size is how an encoder without optional fields says that there is none. */
function consoleSizeOf({ terminal, consoleSize }: ProcessConfig): ValidProcess["consoleSize"] {
  if (terminal !== true || consoleSize === undefined) return null;
  const { height, width } = consoleSize;
  return height === 0 && width === 0 ? null : { rows: height, columns: width };
}

function checkIds(
  { user }: ProcessConfig,
  origin: string,
  { facts, userNamespace }: ProcessScope,
  findings: Findings,
): void {
  const { uid = 0, gid = 0, additionalGids = [] } = user ?? {};
  for (const [at, id] of [["uid", uid] as const, ["gid", gid] as const]) {
    if (id !== NO_ID) continue;
    findings.problem(`${origin}/user/${at}`, `${id} is no id: the kernel takes it for "as before"`);
  }
  const groupsDenied = facts.euid !== 0 || facts.setgroupsDenied;
  if (additionalGids.length > 0 && groupsDenied) {
    findings.problem(
      `${origin}/user/additionalGids`,
      "cannot set any additional groups in a rootless container",
    );
  }
  const known = idsIn(facts, userNamespace);
  if (known === null) return;
  // Empty mappings have been reported, or nobody knows those of the namespace to join.
  const { uidMappings, gidMappings } = known;
  if (uidMappings.length > 0 && !isMapped(uid, uidMappings)) {
    findings.problem(
      `${origin}/user/uid`,
      `cannot setuid to unmapped uid ${uid} in user namespace`,
    );
  }
  if (gidMappings.length === 0) return;
  for (const [at, id] of [["gid", gid] as const, ...additionalGids.entries()]) {
    if (isMapped(id, gidMappings)) continue;
    findings.problem(
      at === "gid" ? `${origin}/user/gid` : `${origin}/user/additionalGids/${at}`,
      `cannot setgid to unmapped gid ${id} in user namespace`,
    );
  }
}
