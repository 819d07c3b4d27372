import { ERRNO } from "syscalls/abi/errno.ts";
import { AT_ACCESS, openFlags } from "syscalls/abi/open.ts";
import { CLOSE_RANGE } from "syscalls/abi/process.ts";
import type { Label, Slot } from "syscalls/native/program.ts";
import type { ExecStep } from "runtime/plan/step.ts";
import { TAG } from "runtime/plan/protocol.ts";
import { unreachable } from "runtime/base/unreachable.ts";
import { lowerWait } from "./lower_wait.ts";
import { close, cwd, hostFd, type Lowering } from "./lowering.ts";

type Of<Kind extends ExecStep["kind"]> = Extract<ExecStep, { kind: Kind }>;

export function lowerExec(low: Lowering, step: ExecStep): void {
  switch (step.kind) {
    case "findExecutable":
      return lowerFind(low, step);
    case "waitForStart":
      return lowerWait(low, step);
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

/**
 * CVE-2024-21626: nothing but stdio and what the caller asked for reaches the process, and all else is really closed
 * right before execve. The descriptor of the reports stays until execve itself closes it: that tells that it worked.
 */
function lowerExecute(low: Lowering, step: Of<"execute">): void {
  const { builder, descriptors } = low;
  const { path, args, env, preservedFds, reportsTo } = step;
  const family = openFlags(low.arch);
  const reports = 3 + preservedFds;
  const from = reportsTo === "sync" ? descriptors.sync : hostFd(low, "outcome");
  if (from !== reports) {
    builder.call("dup3", [
      builder.immediate(from, reportsTo),
      builder.immediate(reports),
      builder.flags(family, family.of("O_CLOEXEC")),
    ]);
    builder.set(builder.reportFd, builder.immediate(reports));
  }
  builder.call("close_range", [
    builder.immediate(reports + 1),
    builder.immediate(0xffff_ffff, "~0U"),
    builder.flags(CLOSE_RANGE, CLOSE_RANGE.of()),
  ]);
  builder.call("execve", [
    path === null ? builder.value(low.executable, "executable") : builder.cString(path),
    builder.pointers(args.map((arg) => builder.cString(arg))),
    builder.pointers(env.map((entry) => builder.cString(entry))),
  ]);
}
