import { show } from "../show.ts";
import type { Findings } from "./findings.ts";

/**
 * Variables as `KEY=value`, no key twice: the value given last, at the place where the key came first. A program that reads
 * the list from either end then sees one value.
 */
export function checkEnvironment(
  env: readonly string[],
  origin: string,
  findings: Findings,
): string[] {
  const byKey = new Map<string, string>();
  for (let i = 0; i < env.length; i++) {
    const variable = env[i] as string;
    const equals = variable.indexOf("=");
    if (equals > 0) {
      byKey.set(variable.slice(0, equals), variable);
      continue;
    }
    findings.problem(
      `${origin}/${i}`,
      equals === 0
        ? `invalid environment variable: name cannot be empty: ${show(variable)}`
        : `invalid environment variable: missing '=': ${show(variable)}`,
    );
  }
  return [...byKey.values()];
}
