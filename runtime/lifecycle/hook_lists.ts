import type { OwnedFd } from "syscalls/libc/owned_fd.ts";
import { SyscallError } from "syscalls/abi/syscall_error.ts";
import { OcirtError } from "runtime/base/errors.ts";
import type { HostFacts } from "runtime/base/facts.ts";
import { processInfo } from "runtime/host/process_info.ts";
import type { Duties } from "runtime/launch/converse.ts";
import { INIT_FAILED } from "runtime/launch/explain.ts";
import { planHook } from "runtime/plan/hook.ts";
import type { Plan } from "runtime/plan/plan.ts";
import type { ValidHook, ValidHooks } from "runtime/spec/valid.ts";
import type { HookName } from "runtime/spec/words/hooks.ts";
import type { ContainerRecord } from "runtime/state/record.ts";
import type { Context } from "./context.ts";
import type { Attach } from "./duties.ts";
import { HookError } from "./hook_error.ts";
import { type HookMoment, hookState } from "./hook_state.ts";
import { runHook } from "./run_hook.ts";

/** The container whose hooks run, and on what host. */
export interface HookScene {
  readonly context: Context;
  readonly record: ContainerRecord;
  readonly hooks: ValidHooks;
  readonly facts: HostFacts;
}

/** What the hooks of one list have in common. */
export interface HookList extends HookMoment {
  readonly name: HookName;
  readonly plan: (hook: ValidHook) => Plan;
  /** A pidfd of the process whose namespaces the plans join; null when they join none. */
  readonly target: OwnedFd | null;
  /** Hands on the listener of the hook\'s filter; null for hooks without a filter. */
  readonly listener: Duties["listener"] | null;
  /** How else a hook comes into its cgroup; null where there is no other way. */
  readonly orAttach: Attach | null;
}

/** A list whose hooks are no part of the container. They start in the bundle. */
export function hostList(
  { record, facts }: HookScene,
  name: HookName,
  moment: HookMoment,
): HookList {
  const directory = { path: record.bundle, mayBeGone: true };
  const plan = (hook: ValidHook): Plan =>
    planHook({ hook, env: callersEnv(hook), facts, directory, inside: null });
  return { name, ...moment, plan, target: null, listener: null, orAttach: null };
}

/** A hook without an environment of its own has that of whoever called the runtime. */
export function callersEnv({ env }: ValidHook): readonly string[] {
  return env ?? processInfo().environ();
}

/** What stands before the failure of a list that runc has in its init; the others are the runtime's own. */
const FAILED_IN: Readonly<Partial<Record<HookName, string>>> = {
  prestart: INIT_FAILED,
  createRuntime: INIT_FAILED,
  createContainer: INIT_FAILED,
  startContainer: INIT_FAILED,
};

/**
 * Runs the hooks of a list, one after the other, until one fails.
 * @throws {HookError} in runc's words
 */
export function runHooks(scene: HookScene, list: HookList): void {
  scene.hooks[list.name].forEach((hook, index) => {
    const failure = failureOfHook(scene, list, hook, index);
    if (failure !== null) throw new HookError((FAILED_IN[list.name] ?? "") + failure);
  });
}

/** The same to the end of the list: each failure is a warning. */
export function runAllHooks(scene: HookScene, list: HookList): void {
  scene.hooks[list.name].forEach((hook, index) => {
    const failure = failureOfHook(scene, list, hook, index);
    if (failure !== null) scene.context.log.log("warning", failure);
  });
}

function failureOfHook(
  { context, record, facts }: HookScene,
  list: HookList,
  hook: ValidHook,
  index: number,
): string | null {
  const { name, target, listener, orAttach } = list;
  const state = hookState(record, list);
  const { timeout } = hook;
  const { arch } = facts;
  let failure: string | null;
  try {
    const plan = list.plan(hook);
    const call = { record, plan, arch, target, listener, orAttach, state, timeout };
    failure = runHook(context, call);
  } catch (cause) {
    if (!(cause instanceof OcirtError) && !(cause instanceof SyscallError)) throw cause;
    failure = cause.message;
  }
  return failure === null ? null : `error running ${name} hook #${index}: ${failure}`;
}
