import type { Config, SeccompConfig } from "../config.ts";
import { SECCOMP_ACTIONS_WITH_ERRNO } from "../words/seccomp.ts";
import type { Findings } from "./findings.ts";

/** A system call has six arguments at most. */
const LAST_ARGUMENT = 5;

/** `MAX_ERRNO` of linux/err.h; the kernel cuts higher ones down to it. */
const HIGHEST_ERRNO = 4095;

/** What SECCOMP_RET_DATA has room for. */
const HIGHEST_TRACE_MESSAGE = 0xffff;

/** The parts of a seccomp policy must agree with each other; unknown system calls are no error, new profiles name them. */
export function checkSeccomp(config: Config, findings: Findings): void {
  const seccomp = config.linux?.seccomp;
  if (seccomp === undefined) return;
  const origin = "/linux/seccomp";
  const { defaultAction = "", listenerPath = "", listenerMetadata = "", syscalls = [] } = seccomp;
  if (defaultAction === "" && syscalls.length > 0) {
    findings.problem(
      `${origin}/defaultAction`,
      "is missing; it is required where syscalls are given",
    );
  }
  if (defaultAction === "SCMP_ACT_NOTIFY") {
    findings.problem(`${origin}/defaultAction`, "SCMP_ACT_NOTIFY cannot be used as default action");
  }
  checkErrno(defaultAction, seccomp.defaultErrnoRet, `${origin}/defaultErrnoRet`, findings);
  if (listenerMetadata !== "" && listenerPath === "") {
    findings.problem(`${origin}/listenerMetadata`, "is given without listenerPath");
  }
  const receiver = config.annotations?.["run.oci.seccomp.receiver"] ?? "";
  checkSyscalls(syscalls, listenerPath !== "" || receiver !== "", findings);
}

function checkSyscalls(
  syscalls: NonNullable<SeccompConfig["syscalls"]>,
  hasListener: boolean,
  findings: Findings,
): void {
  syscalls.forEach(({ names, action, errnoRet, args }, i) => {
    const origin = `/linux/seccomp/syscalls/${i}`;
    if (names.length === 0) {
      findings.problem(`${origin}/names`, "is empty; at least one is required");
    }
    checkErrno(action, errnoRet, `${origin}/errnoRet`, findings);
    if (action === "SCMP_ACT_NOTIFY") {
      if (!hasListener) findings.problem(`${origin}/action`, "seccomp listenerPath is not set");
      // The init process writes to its own sync socket while the filter is on, before anyone could answer for it.
      if (names.includes("write")) {
        findings.problem(
          `${origin}/action`,
          "SCMP_ACT_NOTIFY cannot be used for the write syscall",
        );
      }
    }
    args?.forEach(({ index }, j) => {
      if (index > LAST_ARGUMENT) {
        findings.problem(
          `${origin}/args/${j}/index`,
          `${index} is not in the range 0 to ${LAST_ARGUMENT}`,
        );
      }
    });
  });
}

function checkErrno(
  action: string,
  errno: number | undefined,
  origin: string,
  findings: Findings,
): void {
  if (errno === undefined) return;
  if (!SECCOMP_ACTIONS_WITH_ERRNO.includes(action)) {
    findings.problem(origin, `errno value specified for action ${action}, which takes none`);
    return;
  }
  const highest = action === "SCMP_ACT_ERRNO" ? HIGHEST_ERRNO : HIGHEST_TRACE_MESSAGE;
  if (errno > highest) findings.problem(origin, `${errno} is not in the range 0 to ${highest}`);
}
