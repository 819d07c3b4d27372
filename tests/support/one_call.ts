import type { SyscallName } from "syscalls/abi/numbers/names.ts";
import { ProgramBuilder } from "syscalls/native/builder.ts";
import { link } from "syscalls/native/link.ts";
import type { Edit } from "./bundle.ts";
import type { Stage } from "./stage.ts";

/** A profile, as config.json has it. */
export type Profile = Readonly<Record<string, unknown>>;

/** Exit code of a program whose call has failed with an errno. */
export function failedWith(errno: number): number {
  return 256 - errno;
}

/**
 * Writes a program into a test's rootfs that makes one system call and nothing else, and gives its path inside. Its exit code is 0, or
 * {@link failedWith} the errno.
 */
export function writeCall(stage: Stage, name: SyscallName, args: readonly bigint[]): string {
  const b = new ProgramBuilder(-1);
  const result = b.slot();
  const failed = b.label();
  b.step({ label: "call", origin: "" });
  b.call(name, args.map((arg) => b.immediate(arg)), { into: result, forgive: "all" });
  b.branch({ when: { kind: "failed" }, to: failed });
  b.exit(0);
  b.place(failed);
  b.call("exit_group", [b.value(result)]);
  const path = `/call-${name}-${args.join("-")}`;
  Deno.writeFileSync(stage.rootfs + path, link(b.build(), Deno.build.arch), { mode: 0o755 });
  return path;
}

/** Makes one call in a container with a profile; the exit code, 128 and more for a signal. */
export function callWith(
  stage: Stage,
  profile: Profile,
  [name, ...args]: readonly [SyscallName, ...bigint[]],
  edit: Edit = (): void => {},
): number {
  const program = writeCall(stage, name, args);
  const container = stage.container((config) => {
    config.process.args = [program];
    config.linux["seccomp"] = profile;
    edit(config);
  });
  const { code, stderr } = container.run();
  if (stderr !== "") throw new Error(stderr);
  return code;
}
