import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Command } from "runtime/base/command.ts";
import { commandHelp, programHelp } from "runtime/cli/help.ts";
import { COMMANDS } from "runtime/cli/table.ts";

const COMMAND: Command = {
  name: "tidy",
  usage: "<container-id>",
  description: "Tidies up.\n\n    # %n tidy",
  flags: [
    { name: "force", short: "f", type: "boolean", help: "even so" },
    {
      name: "format",
      type: "string",
      metavar: "F",
      help: "the form",
      fallback: "a",
      choices: ["a"],
    },
    { name: "secret", type: "boolean", help: "not shown", hidden: true },
  ],
  positionals: { min: 1, max: 1, are: ["container"] },
  examples: [{ line: "%n tidy -f mine", does: "even so" }],
  exitStatus: [["2", "it was tidy"]],
  run: () => ({ exitCode: 0 }),
};

Deno.test("commandHelp() begins as runc's callers expect and shows every flag that is not hidden", () =>
  assertEquals(
    commandHelp("runc", "tidy up", COMMAND),
    `NAME:
   runc tidy - tidy up

USAGE:
   runc tidy [command options] <container-id>

DESCRIPTION:
   Tidies up.

       # runc tidy

OPTIONS:
   --force, -f  even so
   --format F   the form (one of: a) (default: "a")
   --help, -h   show help

EXIT STATUS:
   2  it was tidy

EXAMPLES:
   runc tidy -f mine
      even so
`,
  ));

Deno.test("programHelp() begins as runc's callers expect and lists every command", () => {
  const text = programHelp("runc", "1.2.3");
  const lines = text.split("\n");
  assertEquals(lines.slice(0, 2), ["NAME:", "   runc - Open Container Initiative runtime"]);
  for (const { name, summary } of COMMANDS) assertStringIncludes(text, summary, name);
  assert(!text.includes("--criu"), "hidden flags are not shown");
});
