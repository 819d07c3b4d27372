import type { HooksConfig } from "../config.ts";
import { show } from "../show.ts";
import type { Findings } from "./findings.ts";

/** The hooks in the order of a container's life, which is the order that `features` prints. */
export const HOOK_NAMES = [
  "prestart",
  "createRuntime",
  "createContainer",
  "startContainer",
  "poststart",
  "poststop",
] as const satisfies readonly (keyof HooksConfig)[];

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
