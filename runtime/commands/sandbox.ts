import { booleanFlag, type Command, type CommandResult, listFlag } from "runtime/base/command.ts";
import { UsageError } from "runtime/base/errors.ts";
import { resolveUserPath } from "runtime/host/bundle.ts";
import { sandbox, type SandboxOptions } from "runtime/lifecycle/sandbox.ts";

export const command: Command = {
  name: "sandbox",
  usage: "-- COMMAND [ARGUMENT...]",
  description:
    `Runs a command in a throwaway container whose root is a copy-on-write view of this host's files: no
image, no bundle, and nothing it writes is left behind. It has no network unless --net is given.`,
  flags: [
    {
      name: "bind",
      type: "list",
      metavar: "SRC[:DST[:ro]]",
      completion: "file",
      help: "show the file or folder SRC of this host at DST, or where it is; may be repeated",
    },
    { name: "net", type: "boolean", help: "share the host's network" },
    {
      name: "rw",
      type: "list",
      metavar: "DIR",
      help: "let what is written below DIR reach the host; may be repeated",
    },
  ],
  positionals: { min: 1, max: Infinity, are: ["hostCommand"] },
  examples: [
    { line: "%n sandbox -- sh", does: "a shell that can break nothing" },
    {
      line: "%n sandbox --rw ./out -- make install DESTDIR=./out",
      does: "let it write to one folder",
    },
    {
      line: "%n sandbox --net -- curl -s http://localhost:8080",
      does: "with the network of the host",
    },
  ],
  exitStatus: [
    ["0 to 255", "that of the command; 128 and the signal that ended it"],
    ["1", "also: the container could not be made or started"],
  ],
  stopAtFirstPositional: true,
  failurePrefix: "%n sandbox failed",
  async run(invocation): Promise<CommandResult> {
    const [program = "", ...args] = invocation.positionals;
    const exitCode = await sandbox(invocation.context, {
      binds: listFlag(invocation, "bind").map((text) => parseBind(text)),
      net: booleanFlag(invocation, "net"),
      rw: listFlag(invocation, "rw").map(resolveUserPath),
      command: [program, ...args],
    });
    return { exitCode };
  },
};

type Bind = SandboxOptions["binds"][number];

/**
 * `SRC[:DST[:ro]]`. SRC may be relative to the caller's directory; DST must be absolute and is the same path when left out.
 * @throws {UsageError} when the text has another form
 */
export function parseBind(text: string, resolve = resolveUserPath): Bind {
  const [source = "", target, mode, ...more] = text.split(":");
  if (source === "" || more.length > 0) throw wrongBind(text, "it is not SRC[:DST[:ro]]");
  if (target !== undefined && !target.startsWith("/")) {
    throw wrongBind(text, `the path in the container, "${target}", is not absolute`);
  }
  if (mode !== undefined && mode !== "ro" && mode !== "rw") {
    throw wrongBind(text, `"${mode}" is neither ro nor rw`);
  }
  const from = resolve(source);
  return { source: from, destination: target ?? from, readonly: mode === "ro" };
}

function wrongBind(text: string, why: string): UsageError {
  return new UsageError(`Cannot use --bind "${text}": ${why}; hint: as in --bind /src:/mnt:ro`);
}
