import type { HostFacts } from "runtime/base/facts.ts";
import type { NamespaceType, ValidHook } from "runtime/spec/valid.ts";
import { beginSteps } from "./begin.ts";
import { type ExecInput, planExec } from "./exec.ts";
import { closeRestStep, DEFAULT_UMASK } from "./identity.ts";
import { processOf } from "./input.ts";
import {
  forkJoinedSteps,
  joinCgroupSteps,
  joinProcessSteps,
  newSessionStep,
} from "./namespaces.ts";
import { type CgroupFacts, NO_DUTIES, type Plan } from "./plan.ts";
import type { Step } from "./step.ts";

/** All that the plan of a hook is made from that finds its program among the host's files. */
export interface HookInput {
  readonly hook: ValidHook;
  readonly env: readonly string[];
  readonly facts: HostFacts;
  readonly directory: WorkingDirectory;
  /** Null for a hook that is no part of the container. */
  readonly inside: HookPlace | null;
}

export interface WorkingDirectory {
  /** Absolute. */
  readonly path: string;
  /** The hook stays where the runtime is when there is none. */
  readonly mayBeGone: boolean;
}

/** Where a hook belongs that runs with the container's namespaces. */
export interface HookPlace {
  /** The namespaces in which the container's init differs from this process. */
  readonly joined: readonly NamespaceType[];
  readonly cgroups: CgroupFacts;
}

const STDIO: Step = {
  kind: "useStdio",
  label: "take over standard input, output and error",
  origin: "",
};

/** A hook of the host's files: with root's powers, and the container's namespaces and cgroup where it has a place in it. */
export function planHook({ hook, env, facts, directory, inside }: HookInput): Plan {
  const { soft, hard } = facts.nofile;
  const steps: Step[] = [
    STDIO,
    ...beginSteps({ facts, preservedFds: 0 }),
    ...inside === null ? [] : joinCgroupSteps(inside),
    ...inside === null ? [] : joinProcessSteps(inside.joined),
    ...forkJoinedSteps(false),
    // What runs in the container must not have the caller's terminal to type into.
    ...inside === null ? [] : [newSessionStep()],
    {
      kind: "enterHostDirectory",
      ...directory,
      label: `enter directory ${JSON.stringify(directory.path)}`,
      origin: hook.origin,
    },
    {
      kind: "setRlimit",
      resource: "RLIMIT_NOFILE",
      soft,
      hard,
      label: `set RLIMIT_NOFILE to the caller's ${soft}:${hard}`,
      origin: "",
    },
    closeRestStep({ preservedFds: 0 }),
    { kind: "announce", label: "tell the host that all is done", origin: "" },
    executeStep(hook, env),
  ];
  const moveInto = inside === null ? null : inside.cgroups.unifiedDirectory;
  return { purpose: "hook", steps, host: { ...NO_DUTIES, moveInto }, warnings: [] };
}

/**
 * A hook of the container's files: all that the container's process is, but for its program and its standard input, output
 * and error.
 *
 * @throws {RangeError} when there is no process: the caller checks that first
 */
export function planHookAsProcess(input: ExecInput, hook: ValidHook): Plan {
  const process = processOf(input);
  const env = hook.env ?? process.env;
  const umask = process.umask ?? DEFAULT_UMASK;
  const changed = { ...process, args: hook.args, env, umask, terminal: false, consoleSize: null };
  const plan = planExec({ ...input, spec: { ...input.spec, process: changed } });
  const steps = plan.steps.flatMap((step): readonly Step[] => {
    switch (step.kind) {
      case "execute":
        return [executeStep(hook, env)];
      // The path is given; and the host half's pipes are for everybody, its files for nobody else.
      case "findExecutable":
      case "ownStdio":
        return [];
      default:
        return [step];
    }
  });
  return { ...plan, purpose: "hook", steps: [STDIO, ...steps] };
}

function executeStep({ path, args, origin }: ValidHook, env: readonly string[]): Step {
  const label = `execute ${JSON.stringify(path)}`;
  return { kind: "execute", path, args, env, label, origin };
}
