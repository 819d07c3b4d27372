import type { Pid } from "syscalls/abi/brand.ts";
import { openFlags } from "syscalls/abi/open.ts";
import { openFile } from "syscalls/libc/files.ts";
import type { OwnedFd } from "syscalls/libc/owned_fd.ts";
import type { RecordPaths } from "runtime/base/paths.ts";
import { stepWarning } from "runtime/launch/explain.ts";
import { endProcess, launch } from "runtime/launch/launch.ts";
import { makeStartGate } from "runtime/launch/start_gate.ts";
import { planCreate } from "runtime/plan/create.ts";
import type { PlanInput } from "runtime/plan/input.ts";
import type { Plan } from "runtime/plan/plan.ts";
import type { Context } from "./context.ts";
import { copyUp } from "./copy_up.ts";
import { moveIntoCgroup, setLimits, setOomScore, writeIdMaps } from "./duties.ts";
import type { Undo } from "./rollback.ts";
import { takeTerminal, type TerminalKeeper } from "./terminal.ts";

export interface InitStart {
  readonly input: PlanInput;
  readonly paths: RecordPaths;
  readonly undo: Undo;
  /** Called as soon as the init exists, before it does anything. */
  readonly place: (init: Pid) => void;
  /** Called while the init builds its root. */
  readonly meanwhile: () => void;
  /** Called when the init is about to switch its root, if there are hooks for that moment. */
  readonly hooks: () => void;
  readonly keepTerminal: TerminalKeeper | null;
}

/** Plans, compiles and runs the init; returns when the container is created. */
export function startInit(
  context: Context,
  { input, paths, undo, place, meanwhile, hooks, keepTerminal }: InitStart,
): void {
  const plan = planCreate(input);
  for (const warning of plan.warnings) context.log.log("warning", warning);
  if (input.spec.root.kind !== "directory") Deno.mkdirSync(paths.scratch, { mode: 0o700 });
  const { arch } = input.facts;
  using gate = makeStartGate(paths, arch);
  using opened = openHostFiles(plan, input);
  const init = launch({
    plan,
    arch,
    gate,
    target: null,
    stdio: null,
    cgroup: opened.cgroup,
    namespaces: opened.namespaces,
    duties: {
      idMaps: (process) => writeIdMaps(process, plan.host),
      place: (process) => {
        place(process);
        moveIntoCgroup(process, plan.host);
        setOomScore(process, plan.host);
      },
      copyUp,
      hooks,
      terminal: (process) => {
        if (keepTerminal !== null) takeTerminal(process, plan.host, keepTerminal);
      },
      limits: (process) => setLimits(process, plan.host),
      warn: (step, errno) => context.log.log("warning", stepWarning(plan, step, errno)),
      meanwhile,
    },
  });
  undo(() => void endProcess(init));
}

interface HostFiles extends Disposable {
  readonly cgroup: OwnedFd | null;
  readonly namespaces: readonly OwnedFd[];
}

/** What the program gets as descriptors: the cgroup to be born in, and the namespaces to join. */
function openHostFiles(plan: Plan, { facts }: PlanInput): HostFiles {
  const O = openFlags(facts.arch);
  using stack = new DisposableStack();
  const { cloneInto } = plan.host;
  const cgroup = cloneInto === null
    ? null
    : stack.use(openFile(cloneInto, O.of("O_RDONLY", "O_DIRECTORY")));
  const namespaces = plan.host.namespaces.map(({ path }) =>
    stack.use(openFile(path, O.of("O_RDONLY")))
  );
  const kept = stack.move();
  return { cgroup, namespaces, [Symbol.dispose]: () => kept.dispose() };
}
