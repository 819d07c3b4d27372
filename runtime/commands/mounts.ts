import { type Command, type CommandResult, positional, stringFlag } from "runtime/base/command.ts";
import { UsageError } from "runtime/base/errors.ts";
import { addMounts, listMounts, removeMounts } from "runtime/lifecycle/mounts.ts";

export const command: Command = {
  name: "mounts",
  usage: "add <container-id> <file> || remove <container-id> <file> || list <container-id>",
  description:
    `Changes what is mounted in a container that runs, or shows it. The file is a JSON list of objects
as in config.json's "mounts"; sources are paths of the host. "remove" takes away what is
mounted at their destinations, the last one first.`,
  flags: [{
    name: "format",
    short: "f",
    type: "string",
    metavar: "FORMAT",
    help: "how list shows them: table or json",
    fallback: "table",
    choices: ["table", "json"],
  }],
  positionals: { min: 2, max: 3, are: [["add", "remove", "list"], "container", "file"] },
  examples: [
    { line: "%n mounts list mine", does: 'what is mounted in "mine"' },
    { line: "%n mounts add mine mounts.json", does: "mount more" },
    { line: "%n mounts remove mine mounts.json", does: "and take it away again" },
  ],
  run(invocation): CommandResult {
    const { context, positionals } = invocation;
    const verb = positional(invocation, 0);
    const id = positional(invocation, 1);
    if (verb === "list" && positionals.length === 2) {
      return list(invocation, id);
    }
    if ((verb !== "add" && verb !== "remove") || positionals.length !== 3) {
      throw new UsageError(
        `Cannot run mounts ${positionals.join(" ")}: ` +
          "it takes add or remove with a container and a file, or list with a container",
      );
    }
    const change = verb === "add" ? addMounts : removeMounts;
    change(context, id, positional(invocation, 2));
    return { exitCode: 0 };
  },
};

function list(invocation: Parameters<Command["run"]>[0], id: string): CommandResult {
  const mounts = listMounts(invocation.context, id);
  if (stringFlag(invocation, "format") === "json") {
    return { exitCode: 0, output: { kind: "json", value: mounts, indent: 2, newline: true } };
  }
  const rows = mounts.map(({ destination, type, source, options }) => [
    destination,
    type,
    source,
    options.join(","),
  ]);
  const header = ["DESTINATION", "TYPE", "SOURCE", "OPTIONS"];
  return { exitCode: 0, output: { kind: "table", header, rows } };
}
