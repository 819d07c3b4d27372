import type { Catalogue, Command } from "runtime/base/command.ts";
import { GLOBAL_FLAGS, HELP_FLAG } from "runtime/cli/global_flags.ts";
import { COMMANDS } from "runtime/cli/table.ts";

/** The commands of the program, as the program itself hands them to a command. */
export async function wholeCatalogue(): Promise<Catalogue> {
  const entries = COMMANDS.map(async ({ summary, load }) => {
    const { command } = await load();
    return { summary, command };
  });
  return { globalFlags: GLOBAL_FLAGS, helpFlag: HELP_FLAG, entries: await Promise.all(entries) };
}

const TIDY: Command = {
  name: "tidy",
  usage: "<container-id> || --all",
  description: "Tidies what\n'%n make' left.\n\n    .dot\n\nNo more.",
  flags: [
    { name: "force", short: "f", type: "boolean", help: "even [so]: now" },
    { name: "into", type: "list", metavar: "DIR", help: "where it goes" },
    { name: "form", type: "string", help: "the form", choices: ["a", "b"], fallback: "a" },
    { name: "secret", type: "string", help: "not shown", hidden: true },
  ],
  positionals: { min: 1, max: 2, are: ["container", "signal"] },
  stopAtFirstPositional: true,
  examples: [{ line: "%n tidy -f mine", does: "even so" }],
  run: () => ({ exitCode: 0 }),
};

/** One command that has a bit of everything, for the texts that are made from it. */
export const SMALL_CATALOGUE: Catalogue = {
  globalFlags: [{ name: "root", type: "string", metavar: "DIR", help: "the user's state" }],
  helpFlag: HELP_FLAG,
  entries: [{ summary: "tidy up", command: TIDY }],
};
