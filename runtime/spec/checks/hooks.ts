import type { HooksConfig } from "../config.ts";
import { show } from "../show.ts";
import { HOOK_NAMES } from "../words/hooks.ts";
import type { Findings } from "./findings.ts";

/** Holds hooks to the runtime-spec: paths absolute, timeouts above zero. */
export function checkHooks(hooks: HooksConfig, findings: Findings): void {
  for (const name of HOOK_NAMES) {
    for (const [i, { path, timeout }] of (hooks[name] ?? []).entries()) {
      const origin = `/hooks/${name}/${i}`;
      if (!path.startsWith("/")) {
        findings.problem(`${origin}/path`, `${show(path)} is not an absolute path`);
      }
      if (timeout !== undefined && timeout <= 0) {
        findings.problem(`${origin}/timeout`, `${timeout} is not greater than zero (seconds)`);
      }
    }
  }
}
