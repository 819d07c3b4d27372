import type { PlanInput } from "../input.ts";
import type { Step } from "../step.ts";

/** Read-only paths before masked ones, as runc does: a path in both lists ends up masked. */
export function hiddenPathSteps(input: PlanInput): Step[] {
  const { readonlyPaths, maskedPaths, mountLabel } = input.spec;
  return [
    ...readonlyPaths.map(({ path, origin }): Step => ({
      kind: "readonlyPath",
      path,
      label: `make ${JSON.stringify(path)} read-only`,
      origin,
    })),
    ...maskedPaths.map(({ path, origin }): Step => ({
      kind: "maskPath",
      path,
      context: mountLabel,
      label: `mask ${JSON.stringify(path)}`,
      origin,
    })),
  ];
}
