import { type Problem, SpecError } from "runtime/base/errors.ts";
import type { ValidSpec } from "runtime/spec/valid.ts";

/** What is said of each of them. */
export const UNSUPPORTED = "this version of ocirt cannot do it yet";

/** What this version cannot do of a configuration, as JSON pointers. */
export function unsupportedPaths(spec: ValidSpec): string[] {
  return linuxPaths(spec);
}

/**
 * Refuses what this version cannot do. Nothing that was asked for is left out in silence: a filter or a limit that is
 * missing would be worse than a container that is not created.
 *
 * @throws {SpecError} naming every property
 */
export function refuseUnsupported(spec: ValidSpec, fileName: string): void {
  const paths = unsupportedPaths(spec);
  if (paths.length === 0) return;
  const problems = paths.map((path): Problem => ({ path, text: UNSUPPORTED }));
  throw new SpecError(fileName, problems);
}

/** True for what a file gives some content: absent, empty text, `{}` and `[]` ask for nothing. */
function asks(value: unknown): boolean {
  if (value === undefined || value === null || value === "" || value === false) return false;
  return typeof value !== "object" ||
    Object.values(value).some((it) => it !== undefined && it !== null);
}

function namesThatAsk(
  object: object | undefined | null,
  names: readonly string[],
  path: string,
): string[] {
  const values = new Map(Object.entries(object ?? {}));
  return names.filter((name) => asks(values.get(name))).map((name) => `${path}/${name}`);
}

function linuxPaths({ config }: ValidSpec): string[] {
  return namesThatAsk(config.linux, ["seccomp"], "/linux");
}
