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
  positionals: { min: 1, max: 1 },
  run(invocation): CommandResult {
    return { exitCode: waitForContainer(invocation.context, positional(invocation, 0)) };
  },
};
