import { type Command, type CommandResult, positional } from "runtime/base/command.ts";
import { waitForContainer } from "runtime/lifecycle/wait.ts";

export const command: Command = {
  name: "wait",
  usage: "<container-id>",
  description:
    `Waits for the end of a container and ends with the exit status of its process, or with 128 and
the signal that ended it. What it learns is kept for "%n state" until the container is
deleted. Of a container that has ended it tells what is on record.`,
  flags: [],
  positionals: { min: 1, max: 1, are: ["container"] },
  examples: [
    { line: "%n wait mine", does: 'wait for the end of "mine"' },
  ],
  exitStatus: [
    ["0 to 255", "that of the container's process; 128 and the signal that ended it"],
    ["1", "also: there is no such container, or its end was seen by nobody"],
  ],
  run(invocation): CommandResult {
    return { exitCode: waitForContainer(invocation.context, positional(invocation, 0)) };
  },
};
