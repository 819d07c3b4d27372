import type { Command, CommandResult } from "runtime/base/command.ts";
import { create } from "runtime/lifecycle/create.ts";
import { createOptions, LAUNCH_FLAGS } from "./launch_flags.ts";

export const command: Command = {
  name: "create",
  usage: "<container-id>",
  description:
    `Makes the container <container-id> from a bundle and leaves it waiting in front of the user's
process, which "%n start" executes. The id must be unique on this host.

The bundle is a folder with a specification file, config.json, and usually the root
filesystem. "%n spec" writes a config.json to start from.`,
  flags: [
    ...LAUNCH_FLAGS,
    {
      name: "no-subreaper",
      type: "boolean",
      help: "accepted for callers that pass it; only run reaps",
      hidden: true,
    },
  ],
  positionals: { min: 1, max: 1, are: ["other"] },
  examples: [
    {
      line: "%n create --bundle /bundles/mine mine",
      does: 'make "mine"; its process waits for "%n start mine"',
    },
    {
      line: "%n create --console-socket /run/tty.sock mine",
      does: "for a bundle whose process has a terminal",
    },
  ],
  failurePrefix: "%n create failed",
  async run(invocation): Promise<CommandResult> {
    await create(invocation.context, createOptions(invocation));
    return { exitCode: 0 };
  },
};
