import type { ValidHooks } from "runtime/spec/valid.ts";
import type { HookName } from "runtime/spec/words/hooks.ts";
import type { PlanInput } from "./input.ts";
import type { Step } from "./step.ts";

/** The lists whose hooks `create` runs, in this order. */
export const CREATE_HOOKS = ["prestart", "createRuntime", "createContainer"] as const;

/** The lists whose hooks are other commands' business. */
export const LATER_HOOKS = ["startContainer", "poststart", "poststop"] as const;

/** Those of some lists that have hooks. */
export function listsWithHooks<Name extends HookName>(
  hooks: ValidHooks,
  names: readonly Name[],
): Name[] {
  return names.filter((name) => hooks[name].length > 0);
}

/** Waits for the hooks of `create`. */
export function createHookSteps({ spec }: PlanInput): Step[] {
  const names = listsWithHooks(spec.hooks, CREATE_HOOKS);
  if (names.length === 0) return [];
  const label = `wait until the host has run the hooks ${names.join(", ")}`;
  return [{ kind: "ask", duty: "hooks", label, origin: "/hooks" }];
}
