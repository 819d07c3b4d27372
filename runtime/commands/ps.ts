import { type Command, type CommandResult, positional, stringFlag } from "runtime/base/command.ts";
import { containerPids, processTable } from "runtime/lifecycle/ps.ts";

export const command: Command = {
  name: "ps",
  usage: "<container-id> [ps options]",
  description:
    `Shows the processes of a container as the host's ps(1) sees them. What stands behind the id are
options of ps, "-ef" unless given; they must show a column PID.`,
  flags: [{
    name: "format",
    short: "f",
    type: "string",
    metavar: "FORMAT",
    help: "table, or json for the pids alone",
    fallback: "table",
    choices: ["table", "json"],
  }],
  positionals: { min: 1, max: Number.MAX_SAFE_INTEGER, are: ["container"] },
  examples: [
    { line: "%n ps mine", does: "its processes" },
    { line: "%n ps mine -o pid,rss,args", does: "with columns of your own" },
    { line: "%n ps --format json mine", does: "their ids alone" },
  ],
  stopAtFirstPositional: true,
  run(invocation): CommandResult {
    const { context, positionals } = invocation;
    const id = positional(invocation, 0);
    if (stringFlag(invocation, "format") === "table") {
      const text = processTable(context, id, positionals.slice(1));
      return { exitCode: 0, output: { kind: "text", text } };
    }
    const pids = containerPids(context, id);
    // What an encoder of Go makes of an empty list, and callers expect.
    const value = pids.length === 0 ? null : pids;
    return { exitCode: 0, output: { kind: "json", value, indent: 0, newline: true } };
  },
};
