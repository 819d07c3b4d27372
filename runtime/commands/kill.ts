import { booleanFlag, type Command, type CommandResult, positional } from "runtime/base/command.ts";
import { kill } from "runtime/lifecycle/kill.ts";

export const command: Command = {
  name: "kill",
  usage: "<container-id> [signal]",
  description:
    `Sends a signal to the init process of a container: a number, or a name in any case, with or
without SIG. Without a signal it is SIGTERM:

    # %n kill mine KILL`,
  flags: [
    {
      name: "all",
      short: "a",
      type: "boolean",
      help: "send it to every process of the container; no failure if there is none",
      hidden: true,
    },
  ],
  positionals: { min: 1, max: 2 },
  stopAtFirstPositional: true,
  run(invocation): CommandResult {
    const signal = invocation.positionals[1];
    kill(invocation.context, positional(invocation, 0), {
      signal: signal === undefined || signal === "" ? "SIGTERM" : signal,
      all: booleanFlag(invocation, "all"),
    });
    return { exitCode: 0 };
  },
};
