import { ERRNO } from "syscalls/abi/errno.ts";
import { AT_ACCESS, openFlags } from "syscalls/abi/open.ts";
import type { Label, Slot } from "syscalls/native/program.ts";
import type { ExecStep } from "runtime/plan/step.ts";
import { TAG } from "runtime/plan/protocol.ts";
import { unreachable } from "runtime/base/unreachable.ts";
import { closeDescriptors } from "./close_descriptors.ts";
import { lowerFilter } from "./lower_filter.ts";
import { lowerEndOnSignals, lowerWait } from "./lower_wait.ts";
import { close, cwd, type Lowering } from "./lowering.ts";

type Of<Kind extends ExecStep["kind"]> = Extract<ExecStep, { kind: Kind }>;

export function lowerExec(low: Lowering, step: ExecStep): void {
  switch (step.kind) {
    case "findExecutable":
      return lowerFind(low, step);
    case "closeRest":
      // CVE-2024-21626: nothing that the steps before have opened reaches the process. What is left is close-on-exec, and leads
      // to no file: the descriptors of the reports and the gate tell by their end that execve(2) has worked.
      return closeDescriptors(low, step.preservedFds);
    case "endOnSignals":
      return lowerEndOnSignals(low);
    case "installFilter":
      return lowerFilter(low, step);
    case "waitForStart":
      return lowerWait(low);
    case "announce":
      return low.builder.report({ tag: TAG.ready, value: low.builder.immediate(0) });
    case "end":
      return low.builder.exit(0);
    case "execute":
      return lowerExecute(low, step);
    default:
      return unreachable(step);
  }
}

/**
 * The first candidate that is a file the process may execute. A directory of that name is passed over in PATH.
 * Fails with EACCES when one was there but may not be executed, EISDIR for a directory named outright, else ENOENT.
 */
function lowerFind(low: Lowering, { candidates, name }: Of<"findExecutable">): void {
  const { builder } = low;
  const found = builder.label();
  const why = builder.slot();
  builder.set(why, builder.immediate(ERRNO.ENOENT, "ENOENT"));
  const named = name.includes("/");
  for (const candidate of candidates) tryCandidate(low, { candidate, named, why, found });
  builder.fail(builder.value(why, "errno"));
  builder.place(found);
}

function tryCandidate(
  low: Lowering,
  { candidate, named, why, found }: { candidate: string; named: boolean; why: Slot; found: Label },
): void {
  const { builder } = low;
  const family = openFlags(low.arch);
  const path = builder.cString(candidate);
  const noDirectory = builder.label();
  const next = builder.label();
  const probe = builder.slot();
  builder.call("openat", [
    cwd(low),
    path,
    builder.flags(family, family.of("O_PATH", "O_DIRECTORY", "O_CLOEXEC")),
  ], { into: probe, forgive: "all" });
  builder.branch({ when: { kind: "failed" }, to: noDirectory });
  close(low, probe);
  if (named) builder.set(why, builder.immediate(ERRNO.EISDIR, "EISDIR"));
  builder.jump(next);
  builder.place(noDirectory);
  builder.set(low.executable, path);
  builder.call("faccessat2", [
    cwd(low),
    path,
    builder.immediate(1, "X_OK"),
    builder.flags(AT_ACCESS, AT_ACCESS.of("AT_EACCESS")),
  ], { forgive: "all" });
  builder.branch({ when: { kind: "succeeded" }, to: found });
  for (const errno of [ERRNO.ENOENT, ...named ? [] : [ERRNO.ENOTDIR]]) {
    builder.branch({ when: { kind: "errno", errno }, to: next });
  }
  if (named) {
    const denied = builder.label();
    builder.branch({ when: { kind: "errno", errno: ERRNO.EACCES }, to: denied });
    builder.set(why, builder.immediate(ERRNO.ENOTDIR, "ENOTDIR"));
    builder.branch({ when: { kind: "errno", errno: ERRNO.ENOTDIR }, to: next });
    builder.set(why, builder.immediate(ERRNO.EACCES, "EACCES"));
    builder.place(denied);
  }
  builder.set(why, builder.immediate(ERRNO.EACCES, "EACCES"));
  builder.place(next);
}

function lowerExecute({ builder, executable }: Lowering, step: Of<"execute">): void {
  const { path, args, env } = step;
  builder.call("execve", [
    path === null ? builder.value(executable, "executable") : builder.cString(path),
    builder.pointers(args.map((arg) => builder.cString(arg))),
    builder.pointers(env.map((entry) => builder.cString(entry))),
  ]);
}
