import { pid } from "syscalls/abi/brand.ts";
import { openPidfd } from "syscalls/libc/process.ts";
import { probeHost } from "runtime/host/probe.ts";
import type { ExecInput } from "runtime/plan/exec.ts";
import { planHookAsProcess } from "runtime/plan/hook.ts";
import { lockUnlessDeleted } from "runtime/state/lock.ts";
import { statusOf } from "runtime/state/status.ts";
import type { Context } from "./context.ts";
import type { StartableContainer } from "./created.ts";
import { destroyAfter } from "./delete.ts";
import type { Attach } from "./duties.ts";
import { execCgroups, unitAttach } from "./exec_cgroup.ts";
import { joinedNamespaces } from "./exec_input.ts";
import { seccompOf } from "./filter.ts";
import type { Seccomp } from "./seccomp.ts";
import { type HookScene, hostList, runHooks } from "./hook_lists.ts";
import { innerPid } from "./inner_pid.ts";
import { processDirectories } from "./process_cgroups.ts";
import { savedSpec } from "./saved_spec.ts";

/**
 * Starts a created container that has hooks for it. When one of them fails the container is destroyed.
 *
 * The lock is given back before the poststart hooks: the container runs, and they may take their time.
 *
 * @param execute lets the init become the user's program
 * @throws {HookError} when a hook fails
 */
export async function startWithHooks(
  context: Context,
  container: StartableContainer,
  execute: () => void,
): Promise<void> {
  const { record, paths } = container;
  const facts = probeHost();
  const spec = savedSpec(record, paths, facts);
  const scene: HookScene = { context, record, hooks: spec.hooks, facts };
  try {
    const seccomp = await seccompOf(spec, facts, paths.config);
    const orAttach = await unitAttach(record);
    runInside(scene, { seccomp, orAttach }, {
      spec,
      facts,
      cgroups: execCgroups(processDirectories(record.cgroups, spec), []),
      links: new Map(),
      keyring: record.keyring === "" ? null : record.keyring,
      preservedFds: 0,
      noPivot: null,
      notify: false,
      filter: seccomp?.filter ?? null,
      joined: joinedNamespaces(record.pid, spec),
    });
  } catch (cause) {
    await destroyAfter(context, container, cause);
  }
  execute();
  container[Symbol.dispose]();
  await runPoststart(scene, container);
}

/**
 * Runs the poststart hooks of a container that runs and whose lock was given back, for they may take their time. When one of them
 * fails the container is destroyed.
 */
export async function runPoststart(
  scene: HookScene,
  container: StartableContainer,
): Promise<void> {
  const { record, paths } = container;
  const status = statusOf(record, paths);
  try {
    const moment = { status, pid: status === "stopped" ? 0 : record.pid };
    runHooks(scene, hostList(scene, "poststart", moment));
  } catch (cause) {
    using lock = lockUnlessDeleted(paths.dir);
    if (lock !== null) await destroyAfter(scene.context, container, cause);
    throw cause;
  }
}

function runInside(
  scene: HookScene,
  { seccomp, orAttach }: { readonly seccomp: Seccomp | null; readonly orAttach: Attach | null },
  input: ExecInput,
): void {
  const { record, hooks } = scene;
  if (hooks.startContainer.length === 0) return;
  using target = openPidfd(pid(record.pid));
  runHooks(scene, {
    name: "startContainer",
    status: "created",
    pid: innerPid(record.pid),
    plan: (hook) => planHookAsProcess(input, hook),
    target,
    listener: (process, _step, sent) =>
      seccomp?.sendListener(process, sent, { record, status: "created" }),
    orAttach,
  });
}
