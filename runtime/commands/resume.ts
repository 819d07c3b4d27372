import { type Command, type CommandResult, positional } from "runtime/base/command.ts";
import { resume } from "runtime/lifecycle/pause.ts";

export const command: Command = {
  name: "resume",
  usage: "<container-id>",
  description: `Lets the processes of a container go on that "%n pause" stopped.`,
  flags: [],
  positionals: { min: 1, max: 1, are: ["container"] },
  examples: [
    { line: "%n resume mine", does: 'let "mine" go on' },
  ],
  run(invocation): CommandResult {
    resume(invocation.context, positional(invocation, 0));
    return { exitCode: 0 };
  },
};
