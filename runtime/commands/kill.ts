import { booleanFlag, type Command, type CommandResult } from "runtime/base/command.ts";
import { kill } from "runtime/lifecycle/kill.ts";
import { forEachNamed, REGEX_FLAG } from "./regex_flag.ts";

export const command: Command = {
  name: "kill",
  usage: "<container-id> [signal]",
  description:
    `Sends a signal to the init process of a container: a number, or a name in any case, with or
without SIG. Without a signal it is SIGTERM.`,
  flags: [
    {
      name: "all",
      short: "a",
      type: "boolean",
      help: "send it to every process of the container; no failure if there is none",
      hidden: true,
    },
    REGEX_FLAG,
  ],
  positionals: { min: 1, max: 2, are: ["container", "signal"] },
  examples: [
    { line: "%n kill mine", does: "ask it to end, with SIGTERM" },
    { line: "%n kill mine KILL", does: "end it at once" },
  ],
  stopAtFirstPositional: true,
  async run(invocation): Promise<CommandResult> {
    const { context, positionals: [, signal] } = invocation;
    const options = { signal: signal || "SIGTERM", all: booleanFlag(invocation, "all") };
    await forEachNamed(invocation, (id) => kill(context, id, options));
    return { exitCode: 0 };
  },
};
