import { type Command, type CommandResult, stringFlag } from "runtime/base/command.ts";
import { info } from "runtime/lifecycle/info.ts";
import { infoDocument, infoText } from "./info_text.ts";

export const command: Command = {
  name: "info",
  usage: "",
  description:
    `Tells what this host can and cannot do for the containers of the user who asks: kernel, cgroups,
namespaces, mounts, security modules, what ordinary users need, and criu. Each "no" has its reason, what
is refused or done otherwise because of it, and a hint where something can be done about it.

No right is needed; root is told more. "%n features" tells what the program can do on any host.`,
  flags: [{
    name: "format",
    short: "f",
    type: "string",
    metavar: "FORMAT",
    help: "how to show it",
    fallback: "text",
    choices: ["text", "json"],
  }],
  positionals: { min: 0, max: 0, are: [] },
  examples: [
    { line: "%n info", does: "all of it" },
    { line: "%n info --format json | jq .cgroups.layout.value", does: "one answer, for a script" },
    {
      line: "%n info -f json | jq '.[] | .[] | select(.available == false)'",
      does: "what this host cannot do",
    },
  ],
  run(invocation): CommandResult {
    const sections = info(invocation.context);
    if (stringFlag(invocation, "format") === "text") {
      return { output: { kind: "text", text: infoText(sections) }, exitCode: 0 };
    }
    const value = infoDocument(sections);
    return { output: { kind: "json", value, indent: 2, newline: true }, exitCode: 0 };
  },
};
