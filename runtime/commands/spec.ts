import {
  booleanFlag,
  type Command,
  type CommandResult,
  type Invocation,
  stringFlag,
} from "runtime/base/command.ts";
import { HostError, StateError } from "runtime/base/errors.ts";
import { ioReason } from "runtime/base/io_failure.ts";
import { resolveUserPath } from "runtime/host/bundle.ts";
import { specTemplate } from "runtime/spec/template.ts";
import { BUNDLE_FLAG } from "./launch_flags.ts";

export const command: Command = {
  name: "spec",
  usage: "",
  description:
    `Writes a config.json to start from. It runs "sh" in the root filesystem "rootfs" beside it:

    # mkdir -p mine/rootfs
    # tar -C mine/rootfs -xf image.tar
    # cd mine
    # %n spec
    # %n run mine`,
  flags: [
    BUNDLE_FLAG,
    {
      name: "file",
      short: "f",
      type: "string",
      metavar: "FILE",
      help: "the name of the file there",
      fallback: "config.json",
    },
    {
      name: "rootless",
      type: "boolean",
      help: "for a container that an ordinary user runs: a user namespace with the caller as root",
    },
  ],
  positionals: { min: 0, max: 0, are: [] },
  examples: [
    { line: "%n spec --bundle mine", does: "write mine/config.json" },
    { line: "%n spec --rootless", does: "for a container of an ordinary user" },
  ],
  run(invocation): CommandResult {
    const name = stringFlag(invocation, "file") ?? "config.json";
    const folder = resolveUserPath(stringFlag(invocation, "bundle") ?? ".");
    writeNew(name.startsWith("/") ? name : `${folder}/${name}`, name, textFor(invocation));
    return { exitCode: 0 };
  },
};

function textFor(invocation: Invocation): string {
  const caller = { uid: Deno.uid() ?? 0, gid: Deno.gid() ?? 0 };
  return specTemplate({
    rootless: booleanFlag(invocation, "rootless") ? caller : null,
    cgroup2: isUnified(),
    hostname: invocation.context.programName,
  });
}

/** Whether cgroup v2 is mounted where it replaces v1: only there is this file at the top. */
function isUnified(): boolean {
  try {
    return Deno.statSync("/sys/fs/cgroup/cgroup.controllers").isFile;
  } catch {
    return false;
  }
}

function writeNew(path: string, name: string, text: string): void {
  try {
    // With a mode it would be changed to that behind the umask's back.
    Deno.writeTextFileSync(path, text, { createNew: true });
  } catch (cause) {
    if (cause instanceof Deno.errors.AlreadyExists) {
      throw new StateError(`File ${name} exists. Remove it first`, { cause });
    }
    throw new HostError(`Cannot write "${path}": ${ioReason(cause)}`, { cause });
  }
}
