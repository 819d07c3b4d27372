import { type Command, type CommandResult, positional } from "runtime/base/command.ts";
import { pause } from "runtime/lifecycle/pause.ts";

export const command: Command = {
  name: "pause",
  usage: "<container-id>",
  description:
    `Stops every process of a container until "%n resume", by the freezer of its cgroup: they keep what they
hold, and do not notice. "%n kill", "%n delete --force" and "%n exec --ignore-paused" work all the same.`,
  flags: [],
  positionals: { min: 1, max: 1, are: ["container"] },
  examples: [
    { line: "%n pause mine", does: 'stop "mine" until "%n resume mine"' },
  ],
  run(invocation): CommandResult {
    pause(invocation.context, positional(invocation, 0));
    return { exitCode: 0 };
  },
};
