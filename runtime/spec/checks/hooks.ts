import type { HookConfig, HooksConfig } from "../config.ts";
import { show } from "../show.ts";
import type { ValidHook, ValidHooks } from "../valid.ts";
import { HOOK_NAMES, type HookName } from "../words/hooks.ts";
import type { Findings } from "./findings.ts";

/** A configuration without any. */
export const NO_HOOKS: ValidHooks = {
  prestart: [],
  createRuntime: [],
  createContainer: [],
  startContainer: [],
  poststart: [],
  poststop: [],
};

/** Holds hooks to the runtime-spec: paths absolute, timeouts above zero. */
export function checkHooks(hooks: HooksConfig, findings: Findings): ValidHooks {
  const valid: Record<HookName, readonly ValidHook[]> = { ...NO_HOOKS };
  for (const name of HOOK_NAMES) {
    valid[name] = (hooks[name] ?? []).map((hook, i) =>
      checkHook(hook, `/hooks/${name}/${i}`, findings)
    );
  }
  return valid;
}

function checkHook(hook: HookConfig, origin: string, findings: Findings): ValidHook {
  const { path, args = [], env, timeout } = hook;
  if (!path.startsWith("/")) {
    findings.problem(`${origin}/path`, `${show(path)} is not an absolute path`);
  }
  if (timeout !== undefined && timeout <= 0) {
    findings.problem(`${origin}/timeout`, `${timeout} is not greater than zero (seconds)`);
  }
  const [name = path, ...rest] = args;
  return {
    path,
    args: [name, ...rest],
    env: env ?? null,
    timeout: timeout === undefined ? null : Number(timeout),
    origin,
  };
}
