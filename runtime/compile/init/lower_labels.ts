import { ERRNO } from "syscalls/abi/errno.ts";
import { openFlags } from "syscalls/abi/open.ts";
import { encodeText } from "syscalls/abi/text.ts";
import { unreachable } from "runtime/base/unreachable.ts";
import type { LabelStep } from "runtime/plan/step.ts";
import { close, cwd, type Lowering, openAt } from "./lowering.ts";
import { requireProc } from "./verify.ts";

export function lowerLabel(low: Lowering, step: LabelStep): void {
  switch (step.kind) {
    case "keepHostProc":
      return lowerKeepProc(low);
    case "setLabel":
      return lowerSetLabel(low, step);
    default:
      return unreachable(step);
  }
}

function lowerKeepProc(low: Lowering): void {
  const { builder } = low;
  const family = openFlags(low.arch);
  builder.call("openat", [
    cwd(low),
    builder.cString("/proc"),
    builder.flags(family, family.of("O_PATH", "O_DIRECTORY", "O_NOFOLLOW", "O_CLOEXEC")),
  ], { into: low.hostProc });
  requireProc(low, low.hostProc, "ENODEV");
}

/**
 * CVE-2025-52881: opened in the host's procfs and in nothing that may be mounted over it. `thread-self` is a plain symlink, and
 * leads to this process from whatever pid namespace.
 */
function lowerSetLabel(low: Lowering, step: Extract<LabelStep, { kind: "setLabel" }>): void {
  const { builder } = low;
  const { module, attribute, value } = step;
  const file = builder.slot();
  const open = (path: string, forgive: readonly number[]): void =>
    openAt(low, {
      from: builder.value(low.hostProc, "host /proc"),
      path: `thread-self/attr/${path}`,
      flags: ["O_WRONLY"],
      resolve: ["RESOLVE_BENEATH", "RESOLVE_NO_MAGICLINKS", "RESOLVE_NO_XDEV"],
      into: file,
      forgive,
    });
  const opened = builder.label();
  if (module === "apparmor") {
    // Linux before 5.8 has no folder for each module.
    open(`apparmor/${attribute}`, [ERRNO.ENOENT]);
    builder.branch({ when: { kind: "succeeded" }, to: opened });
  }
  open(attribute, []);
  builder.place(opened);
  const text = module === "apparmor" ? `exec ${value}` : value;
  const bytes = encodeText(text);
  builder.call("write", [
    builder.value(file, "file"),
    builder.bytes(bytes, JSON.stringify(text), 1),
    builder.immediate(bytes.length),
  ]);
  close(low, file);
}
