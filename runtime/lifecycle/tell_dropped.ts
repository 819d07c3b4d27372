import type { ValidSpec } from "runtime/spec/valid.ts";
import type { NewCgroup } from "./cgroup.ts";
import type { Context } from "./context.ts";
import { unruledDevices } from "./no_cgroup.ts";

/** Tells which cgroups a container goes without, and what that means. */
export function tellDropped(
  { log }: Context,
  { driver: { directories }, places, isDisabled }: NewCgroup,
  spec: ValidSpec,
): void {
  const unruled = isDisabled ? unruledDevices(spec) : null;
  if (unruled !== null) log.log("warning", unruled);
  for (const { dir } of places) {
    if (!directories.includes(dir)) {
      log.log("debug", `no cgroup ${dir}: this user may not make it, and no limit needs it`);
    }
  }
  const ownPids = spec.namespaces.some(({ type, path }) => type === "pid" && path === null);
  if (directories.length === 0 && !ownPids) {
    log.log(
      "warning",
      "the container has no cgroup and no pid namespace of its own. " +
        "Such configuration is strongly discouraged: nobody can find all of its processes to end them",
    );
  }
}
