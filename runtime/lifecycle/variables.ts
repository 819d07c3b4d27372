import type { ValidSpec } from "runtime/spec/valid.ts";

/** The configuration with these variables (`NAME=value`) in its process's environment, in the place of any of the same name. */
export function withVariables(spec: ValidSpec, variables: readonly string[]): ValidSpec {
  const { process } = spec;
  if (process === null || variables.length === 0) return spec;
  const names = variables.map((entry) => entry.slice(0, entry.indexOf("=") + 1));
  const others = process.env.filter((entry) => !names.some((name) => entry.startsWith(name)));
  return { ...spec, process: { ...process, env: [...others, ...variables] } };
}
