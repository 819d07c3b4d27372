import { type Command, type CommandResult, positional } from "runtime/base/command.ts";
import { start } from "runtime/lifecycle/start.ts";

export const command: Command = {
  name: "start",
  usage: "<container-id>",
  description:
    `Executes the user's process in a container that "%n create" made, and returns once that is done.
Whether the program could be executed is part of the answer.`,
  flags: [],
  positionals: { min: 1, max: 1, are: ["container"] },
  examples: [
    { line: "%n start mine", does: "execute the process of a created container" },
  ],
  async run(invocation): Promise<CommandResult> {
    await start(invocation.context, positional(invocation, 0));
    return { exitCode: 0 };
  },
};
