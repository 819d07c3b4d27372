import { directoryBelow } from "runtime/cgroups/place.ts";
import type { CgroupFacts } from "runtime/plan/plan.ts";
import type { ValidSpec } from "runtime/spec/valid.ts";

/** The cgroups that a container's processes are in, which are its own where none below is delegated to it. */
export function processDirectories(
  directories: readonly string[],
  { delegatedCgroup }: Pick<ValidSpec, "delegatedCgroup">,
): readonly string[] {
  return directories.map((directory) => directoryBelow(directory, delegatedCgroup));
}

/** The same for who joins the init where it is by now. */
export function processFacts(
  facts: CgroupFacts,
  spec: Pick<ValidSpec, "delegatedCgroup">,
): CgroupFacts {
  if (facts.unifiedDirectory === null) return facts;
  const [unifiedDirectory = null] = processDirectories([facts.unifiedDirectory], spec);
  return { ...facts, unifiedDirectory };
}
