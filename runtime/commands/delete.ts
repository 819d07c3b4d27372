import { booleanFlag, type Command, type CommandResult, positional } from "runtime/base/command.ts";
import { deleteContainer } from "runtime/lifecycle/delete.ts";

export const command: Command = {
  name: "delete",
  usage: "<container-id>",
  description:
    `Deletes what a stopped or merely created container holds: its cgroup and its state. With --force
a running one is killed first, and one that does not exist is no failure.`,
  flags: [
    { name: "force", short: "f", type: "boolean", help: "kill the container if it still runs" },
  ],
  positionals: { min: 1, max: 1 },
  async run(invocation): Promise<CommandResult> {
    const force = booleanFlag(invocation, "force");
    await deleteContainer(invocation.context, positional(invocation, 0), { force });
    return { exitCode: 0 };
  },
};
