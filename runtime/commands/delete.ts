import { booleanFlag, type Command, type CommandResult } from "runtime/base/command.ts";
import { deleteContainer } from "runtime/lifecycle/delete.ts";
import { forEachNamed, REGEX_FLAG } from "./regex_flag.ts";

export const command: Command = {
  name: "delete",
  usage: "<container-id>",
  description:
    `Deletes what a stopped or merely created container holds: its cgroup and its state. With --force
a running one is killed first, and one that does not exist is no failure.`,
  flags: [
    { name: "force", short: "f", type: "boolean", help: "kill the container if it still runs" },
    REGEX_FLAG,
  ],
  positionals: { min: 1, max: 1, are: ["container"] },
  examples: [
    { line: "%n delete mine", does: "delete a container that has stopped" },
    { line: "%n delete --force mine", does: "kill it first if need be" },
    { line: '%n delete --force --regex "job-.*"', does: "every container whose whole id fits" },
  ],
  async run(invocation): Promise<CommandResult> {
    const force = booleanFlag(invocation, "force");
    const { context } = invocation;
    await forEachNamed(invocation, (id) => deleteContainer(context, id, { force }));
    return { exitCode: 0 };
  },
};
