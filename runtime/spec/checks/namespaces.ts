import { resolvePath } from "../clean_path.ts";
import type { LinuxConfig } from "../config.ts";
import type { ValidationContext } from "../context.ts";
import { pointerTo, show } from "../show.ts";
import type { NamespaceType, TimeOffset, ValidNamespace } from "../valid.ts";
import type { Findings } from "./findings.ts";

/** The entry of one type; undefined where the container stays in the runtime's namespace. */
export function findNamespace(
  namespaces: readonly ValidNamespace[],
  type: NamespaceType,
): ValidNamespace | undefined {
  return namespaces.find((namespace) => namespace.type === type);
}

export function checkNamespaces(
  linux: LinuxConfig,
  context: ValidationContext,
  findings: Findings,
): ValidNamespace[] {
  const valid: ValidNamespace[] = [];
  for (const [i, { type, path }] of (linux.namespaces ?? []).entries()) {
    const origin = `/linux/namespaces/${i}`;
    const earlier = findNamespace(valid, type);
    if (earlier !== undefined) {
      findings.problem(
        origin,
        `malformed spec file: duplicated ns ${show(type)} (first at ${earlier.origin})`,
      );
      continue;
    }
    if (path !== undefined && path !== "" && !path.startsWith("/")) {
      findings.warn(`${origin}/path`, `${show(path)} is relative; it is taken from the bundle`);
    }
    const isNew = path === undefined || path === "";
    valid.push({ type, path: isNew ? null : resolvePath(context.bundle, path), origin });
  }
  return valid;
}

/** Offsets can be given to a new time namespace only, before the first process is in it (time_namespaces(7)). */
export function checkTimeOffsets(
  linux: LinuxConfig,
  namespaces: readonly ValidNamespace[],
  findings: Findings,
): TimeOffset[] {
  const entries = Object.entries(linux.timeOffsets ?? {});
  if (entries.length === 0) return [];
  const time = findNamespace(namespaces, "time");
  if (time === undefined) {
    findings.problem(
      "/linux/timeOffsets",
      "time namespace offsets specified, but time namespace isn't enabled in the config",
    );
  } else if (time.path !== null) {
    findings.problem(
      "/linux/timeOffsets",
      "time namespace enabled, but both namespace path and time offsets specified -- you may only provide one",
    );
  }
  return entries.flatMap(([clock, { secs, nanosecs }]) => {
    const origin = `/linux/timeOffsets${pointerTo(clock)}`;
    if (clock !== "monotonic" && clock !== "boottime") {
      findings.problem(origin, `${show(clock)} is not one of monotonic, boottime`);
      return [];
    }
    if (nanosecs !== undefined && nanosecs >= 1_000_000_000) {
      findings.problem(`${origin}/nanosecs`, `${nanosecs} is not in the range 0 to 999999999`);
    }
    return [{ clock, secs: BigInt(secs ?? 0), nanosecs: nanosecs ?? 0, origin }];
  });
}
