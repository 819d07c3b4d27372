import { pid } from "syscalls/abi/brand.ts";
import { openPidfd } from "syscalls/libc/process.ts";
import { planHook } from "runtime/plan/hook.ts";
import type { CgroupFacts, Plan } from "runtime/plan/plan.ts";
import type { ValidHook, ValidRoot } from "runtime/spec/valid.ts";
import type { ContainerRecord } from "runtime/state/record.ts";
import type { Context } from "./context.ts";
import { unitAttacher } from "./exec_cgroup.ts";
import { joinedNamespaces } from "./exec_input.ts";
import { callersEnv, hostList, runHooks } from "./hook_lists.ts";
import { innerPid } from "./inner_pid.ts";
import type { LoadedBundle } from "./load.ts";
import { poststop } from "./poststop_hooks.ts";

/** The hooks of a container that is being made. */
export interface CreateHooks {
  /**
   * Runs them, while the init waits before it switches its root.
   * @throws {HookError} when one fails
   */
  run(record: ContainerRecord, cgroups: CgroupFacts): void;
  /** Called when the container could not be made, and nothing of it is left. */
  undone(): void;
}

/** The hooks of a configuration that has some for `create`. */
export async function hooksOfCreate(
  context: Context,
  { spec, facts }: LoadedBundle,
): Promise<CreateHooks> {
  const attacher = context.cgroupManager === "systemd" ? await unitAttacher() : null;
  const { hooks } = spec;
  let began: ContainerRecord | null = null;
  return {
    run: (record, cgroups) => {
      began = record;
      const scene = { context, record, hooks, facts };
      const status = "creating";
      for (const name of ["prestart", "createRuntime"] as const) {
        runHooks(scene, hostList(scene, name, { status, pid: record.pid }));
      }
      if (hooks.createContainer.length === 0) return;
      using target = openPidfd(pid(record.pid));
      const inside = { joined: joinedNamespaces(record.pid, spec), cgroups };
      const directory = { path: rootOnHost(spec.root), mayBeGone: false };
      const plan = (hook: ValidHook): Plan =>
        planHook({ hook, env: callersEnv(hook), facts, directory, inside });
      const moment = { status, pid: innerPid(record.pid) } as const;
      runHooks(scene, {
        name: "createContainer",
        ...moment,
        plan,
        target,
        listener: null,
        orAttach: attacher === null ? null : attacher(record),
      });
    },
    undone: () => {
      if (began !== null) poststop({ context, record: began, hooks, facts });
    },
  };
}

/** Where the container's root is as long as the host's files are in sight. */
function rootOnHost(root: ValidRoot): string {
  if (root.kind === "directory") return root.path;
  const { kind, scratch, layers } = root;
  return kind === "overlay" || layers.length > 0 ? `${scratch}/root` : scratch;
}
