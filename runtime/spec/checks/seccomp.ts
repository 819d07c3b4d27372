import { ERRNO } from "syscalls/abi/errno.ts";
import type { Config, SeccompConfig } from "../config.ts";
import { show } from "../show.ts";
import type { SeccompAnswer, SeccompCondition, SeccompRule, ValidSeccomp } from "../valid.ts";
import { SECCOMP_ACTIONS_WITH_ERRNO } from "../words/seccomp.ts";
import type { Findings } from "./findings.ts";
import { checkConflicts } from "./seccomp_conflicts.ts";

/** A system call has six arguments at most. */
const LAST_ARGUMENT = 5;

/** `MAX_ERRNO` of linux/err.h; the kernel cuts higher ones down to it. */
const HIGHEST_ERRNO = 4095;

/** What SECCOMP_RET_DATA has room for. */
const HIGHEST_TRACE_MESSAGE = 0xffff;

/** crun's annotation: where the descriptor for SCMP_ACT_NOTIFY goes when `listenerPath` does not say it. */
const RECEIVER = "run.oci.seccomp.receiver";

/** crun's annotation by which unknown system calls are errors, unless it is "0". */
const FAIL_UNKNOWN = "run.oci.seccomp_fail_unknown_syscall";

/**
 * A policy for system calls; its parts must agree with each other. Which names of system calls are known is not looked at here.
 *
 * @param host whether somebody answers for SCMP_ACT_NOTIFY where the file names nobody
 * @returns null for an object without action and system calls, which is how an encoder without optional fields writes none
 */
export function checkSeccomp(
  config: Config,
  seccomp: SeccompConfig,
  { hasReceiver, findings }: { readonly hasReceiver: boolean; readonly findings: Findings },
): ValidSeccomp | null {
  const { defaultAction = "", syscalls = [] } = seccomp;
  const listener = checkListener(config, seccomp, findings);
  const hasListener = listener !== null || hasReceiver;
  const policy = checkPolicy(seccomp, "/linux/seccomp", findings, hasListener);
  if (defaultAction === "" && syscalls.length === 0) return null;
  const refusesUnknown = (config.annotations?.[FAIL_UNKNOWN] ?? "0") !== "0";
  return { ...policy, listener, refusesUnknown };
}

/** Where the file sends the descriptor that answers for SCMP_ACT_NOTIFY; null where it names nobody. */
export function checkListener(
  { annotations = {} }: Config,
  { listenerPath = "", listenerMetadata: metadata = "" }: SeccompConfig,
  findings: Findings,
): ValidSeccomp["listener"] {
  if (listenerPath !== "") return { path: listenerPath, metadata };
  if (metadata !== "") {
    findings.problem("/linux/seccomp/listenerMetadata", "is given without listenerPath");
  }
  const path = annotations[RECEIVER] ?? "";
  if (path === "") return null;
  if (!path.startsWith("/")) {
    findings.problem(`/annotations/${RECEIVER}`, `${show(path)} is not an absolute path`);
  }
  return { path, metadata: "" };
}

/**
 * The same for a policy that may stand alone, at the JSON pointer `origin`.
 *
 * @param hasListener whether someone is there to answer for SCMP_ACT_NOTIFY
 */
export function checkPolicy(
  seccomp: SeccompConfig,
  origin: string,
  findings: Findings,
  hasListener: boolean,
): ValidSeccomp {
  const { defaultAction = "", syscalls = [] } = seccomp;
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
  const defaultAnswer = answerOf(defaultAction || "SCMP_ACT_KILL", seccomp.defaultErrnoRet);
  const rules = syscalls.flatMap((rule, i) => {
    const pointer = `${origin}/syscalls/${i}`;
    if (rule.action === "SCMP_ACT_NOTIFY" && !hasListener) {
      findings.problem(`${pointer}/action`, "seccomp listenerPath is not set");
    }
    return checkRule(rule, pointer, findings);
  });
  checkConflicts(rules, defaultAnswer, findings);
  const notifies = rules.some(({ answer }) => answer.action === "SCMP_ACT_NOTIFY");
  const wait = seccomp.flags?.indexOf("SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV") ?? -1;
  if (wait >= 0 && !notifies) {
    findings.problem(
      `${origin}/flags/${wait}`,
      "is for rules with SCMP_ACT_NOTIFY, and there is none",
    );
  }
  return {
    defaultAnswer,
    architectures: [...new Set(seccomp.architectures)],
    flags: seccomp.flags ?? null,
    listener: null,
    refusesUnknown: false,
    rules,
  };
}

type RuleConfig = NonNullable<SeccompConfig["syscalls"]>[number];

function checkRule(
  { names, action, errnoRet, args }: RuleConfig,
  origin: string,
  findings: Findings,
): SeccompRule[] {
  if (names.length === 0) findings.problem(`${origin}/names`, "is empty; at least one is required");
  if (names.includes("")) {
    const at = names.indexOf("");
    findings.problem(`${origin}/names/${at}`, "empty string is not a valid syscall");
  }
  checkErrno(action, errnoRet, `${origin}/errnoRet`, findings);
  // The init process writes to its own sync socket while the filter is on, before anyone could answer for it.
  if (action === "SCMP_ACT_NOTIFY" && names.includes("write")) {
    findings.problem(`${origin}/action`, "SCMP_ACT_NOTIFY cannot be used for the write syscall");
  }
  const rule = { names, answer: answerOf(action, errnoRet), origin };
  if (args === undefined || args.length === 0) return [{ ...rule, conditions: [] }];
  const conditions = args.map(({ index, value, valueTwo = 0, op }, j): SeccompCondition => {
    if (index > LAST_ARGUMENT) {
      findings.problem(
        `${origin}/args/${j}/index`,
        `${index} is not in the range 0 to ${LAST_ARGUMENT}`,
      );
    }
    return { index, operator: op, value: BigInt(value), valueTwo: BigInt(valueTwo) };
  });
  // Two conditions on one argument are alternatives, as they have been since before several arguments could be looked at.
  const isList = new Set(conditions.map(({ index }) => index)).size < conditions.length;
  return isList
    ? conditions.map((condition) => ({ ...rule, conditions: [condition] }))
    : [{ ...rule, conditions }];
}

function answerOf(action: RuleConfig["action"], errno: number | undefined): SeccompAnswer {
  return {
    action: action === "SCMP_ACT_KILL" ? "SCMP_ACT_KILL_THREAD" : action,
    data: SECCOMP_ACTIONS_WITH_ERRNO.includes(action) ? errno ?? ERRNO.EPERM : 0,
  };
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
