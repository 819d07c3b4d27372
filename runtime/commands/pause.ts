import { type Command, type CommandResult, positional } from "runtime/base/command.ts";
import { pause } from "runtime/lifecycle/pause.ts";

export const command: Command = {
  name: "pause",
  usage: "<container-id>",
  description: 'Stops every process of a container until "%n resume".',
  flags: [],
  positionals: { min: 1, max: 1 },
  run(invocation): CommandResult {
    pause(invocation.context, positional(invocation, 0));
    return { exitCode: 0 };
  },
};
