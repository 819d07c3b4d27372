import {
  booleanFlag,
  type Command,
  type CommandResult,
  type Invocation,
  positional,
  stringFlag,
} from "runtime/base/command.ts";
import { UsageError } from "runtime/base/errors.ts";
import { checkpoint, type CheckpointOptions } from "runtime/lifecycle/checkpoint.ts";
import { CRIU_FLAGS, criuChoices } from "./criu_flags.ts";

export const command: Command = {
  name: "checkpoint",
  usage: "<container-id>",
  description:
    `Writes the processes of a container into image files, by criu(8), from which "%n restore" lets
them go on, here or elsewhere. The container is deleted then, unless it is left running; when it
cannot be written it runs as before.`,
  flags: [
    ...CRIU_FLAGS,
    {
      name: "parent-path",
      type: "string",
      metavar: "DIR",
      help: "images of an earlier --pre-dump, relative to the folder of the images",
    },
    { name: "leave-running", type: "boolean", help: "let the container go on" },
    {
      name: "tcp-skip-in-flight",
      type: "boolean",
      help: "leave out TCP connections that are not accepted yet",
    },
    {
      name: "link-remap",
      type: "boolean",
      help: "link open files that were deleted back to a name",
    },
    {
      name: "status-fd",
      type: "number",
      metavar: "FD",
      help: "a descriptor that gets a NUL when lazy pages can be asked for",
    },
    {
      name: "page-server",
      type: "string",
      metavar: "ADDRESS:PORT",
      help: "send memory to a criu that listens there",
    },
    { name: "pre-dump", type: "boolean", help: "write memory alone, and let the container go on" },
  ],
  positionals: { min: 1, max: 1, are: ["container"] },
  examples: [
    {
      line: "%n checkpoint --image-path /var/tmp/mine mine",
      does: 'write "mine" into that folder, and delete it',
    },
    {
      line: "%n checkpoint --leave-running --tcp-established mine",
      does: "write it with its open connections into ./checkpoint, and let it go on",
    },
  ],
  async run(invocation): Promise<CommandResult> {
    await checkpoint(invocation.context, positional(invocation, 0), optionsOf(invocation));
    return { exitCode: 0 };
  },
};

function optionsOf(invocation: Invocation): CheckpointOptions {
  const statusFd = invocation.flags["status-fd"];
  return {
    ...criuChoices(invocation),
    parentPath: stringFlag(invocation, "parent-path"),
    leaveRunning: booleanFlag(invocation, "leave-running"),
    tcpSkipInFlight: booleanFlag(invocation, "tcp-skip-in-flight"),
    linkRemap: booleanFlag(invocation, "link-remap"),
    preDump: booleanFlag(invocation, "pre-dump"),
    pageServer: pageServer(stringFlag(invocation, "page-server")),
    statusFd: typeof statusFd === "number" ? statusFd : null,
  };
}

/** `address:port`, with an IPv6 address in brackets. */
export function pageServer(text: string | null): CheckpointOptions["pageServer"] {
  if (text === null) return null;
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(text) ?? [];
  const address = bracketed ?? plain;
  const port = Number(digits);
  if (address !== undefined && port > 0 && port < 65_536) return { address, port };
  throw new UsageError(`Cannot use flag --page-server: "${text}" is no ADDRESS:PORT`);
}
