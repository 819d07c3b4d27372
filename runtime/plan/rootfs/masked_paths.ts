import type { OriginPath } from "runtime/spec/valid.ts";
import type { PlanInput } from "../input.ts";
import type { Step } from "../step.ts";

/** Read-only paths before masked ones, as runc does: a path in both lists ends up masked. */
export function hiddenPathSteps(input: PlanInput): Step[] {
  const { readonlyPaths, maskedPaths, mountLabel, mountContext } = input.spec;
  return [
    ...readonlyPaths.map(({ path, origin }): Step => ({
      // Whoever is in the root stays below what is mounted over it.
      kind: path === "/" ? "makeReadonly" : "readonlyPath",
      path,
      label: `make ${JSON.stringify(path)} read-only`,
      origin,
    })),
    ...firstOfEach(maskedPaths).map(({ path, origin }): Step => ({
      kind: "maskPath",
      path,
      context: mountLabel === "" ? "" : `${mountContext}=${mountLabel}`,
      label: `mask ${JSON.stringify(path)}`,
      origin,
    })),
  ];
}

/** A path is masked once, however often it is listed. */
function firstOfEach(paths: readonly OriginPath[]): OriginPath[] {
  const seen = new Set<string>();
  return paths.filter(({ path }) => !seen.has(path) && seen.add(path));
}
