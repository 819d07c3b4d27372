import type { OriginPath } from "runtime/spec/valid.ts";
import type { PlanInput } from "../input.ts";
import type { Step } from "../step.ts";

/** Read-only paths before masked ones, as runc does: a path in both lists ends up masked. */
export function hiddenPathSteps(input: PlanInput): Step[] {
  const { readonlyPaths, maskedPaths } = input.spec;
  return [
    ...readonlyPaths.map(({ path, origin }): Step => ({
      kind: "readonlyPath",
      path,
      label: `make ${JSON.stringify(path)} read-only`,
      origin,
    })),
    ...once(maskedPaths).map(({ path, origin }): Step => ({
      kind: "maskPath",
      path,
      label: `mask ${JSON.stringify(path)}`,
      origin,
    })),
  ];
}

/** A file that is masked twice would only have two mounts for one. */
function once(paths: readonly OriginPath[]): OriginPath[] {
  return paths.filter(({ path }, index) =>
    paths.findIndex((other) => other.path === path) === index
  );
}
