import { booleanFlag, type Command, type CommandResult } from "runtime/base/command.ts";
import { run } from "runtime/lifecycle/run.ts";
import { createOptions, LAUNCH_FLAGS } from "./launch_flags.ts";

export const command: Command = {
  name: "run",
  usage: "<container-id>",
  description:
    `Creates the container <container-id> from a bundle, starts it, waits for it to end and deletes
it. The exit status is that of the container's process, or 128 and the signal that ended it.
With --detach the container is left running. The id must be unique on this host.

The bundle is a folder with a specification file, config.json, and usually the root
filesystem. "%n spec" writes a config.json to start from.`,
  flags: [
    ...LAUNCH_FLAGS,
    { name: "detach", short: "d", type: "boolean", help: "return once the container is started" },
    { name: "keep", type: "boolean", help: "do not delete the container after it ended" },
    {
      name: "no-subreaper",
      type: "boolean",
      help: "do not adopt the container's processes that lose their parent",
    },
  ],
  positionals: { min: 1, max: 1, are: ["other"] },
  examples: [
    { line: "%n run mine", does: "run the bundle in the current folder" },
    {
      line: "%n run --detach --pid-file /run/mine.pid --bundle /bundles/mine mine",
      does: "leave it running, and note its process id",
    },
  ],
  exitStatus: [
    [
      "0 to 255",
      "that of the container's process; 128 and the signal that ended it; 0 with --detach",
    ],
    ["1", "also: the container could not be made or started"],
  ],
  speaksForProgram: true,
  failurePrefix: "%n run failed",
  async run(invocation): Promise<CommandResult> {
    const exitCode = await run(invocation.context, {
      ...createOptions(invocation),
      detach: booleanFlag(invocation, "detach"),
      keep: booleanFlag(invocation, "keep"),
      noSubreaper: booleanFlag(invocation, "no-subreaper"),
    });
    return { exitCode };
  },
};
