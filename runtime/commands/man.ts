import {
  type Catalogue,
  type Command,
  type CommandResult,
  stringFlag,
} from "runtime/base/command.ts";
import { HostError, UsageError } from "runtime/base/errors.ts";
import { ioReason } from "runtime/base/io_failure.ts";
import { resolveUserPath } from "runtime/host/bundle.ts";
import { commandPage, type PageOptions, programPage } from "./man/pages.ts";

export const command: Command = {
  name: "man",
  usage: "[COMMAND]",
  description:
    `Prints the manual page of a command, or that of the whole program, as man(1) formats it. With --dir
all of them are written into a folder of files.`,
  flags: [{
    name: "dir",
    type: "string",
    metavar: "DIR",
    help: "write all pages into DIR, which is made if need be",
  }],
  positionals: { min: 0, max: 1, are: ["command"] },
  examples: [
    { line: "%n man run | man -l -", does: "read the page of run" },
    { line: "%n man --dir /usr/local/share/man/man8", does: "install all pages on this host" },
  ],
  async run(invocation): Promise<CommandResult> {
    const { context: { programName: program, version }, positionals: [topic] } = invocation;
    const options = { program, version };
    const catalogue = await invocation.catalogue();
    const dir = stringFlag(invocation, "dir");
    if (dir !== null) {
      if (topic !== undefined) {
        throw new UsageError(`Cannot use flag --dir with "${topic}": it writes all pages`);
      }
      writePages(resolveUserPath(dir), program, pages(options, catalogue));
      return { exitCode: 0 };
    }
    const text = pages(options, catalogue).get(topic ?? "");
    if (text === undefined) {
      throw new UsageError(
        `Cannot show manual page of "${topic}": there is no such command; hint: see '${program} help'`,
      );
    }
    return { output: { kind: "text", text }, exitCode: 0 };
  },
};

/** Every page, by the name of its command; the program's by "". */
export function pages(
  options: PageOptions,
  catalogue: Catalogue,
): ReadonlyMap<string, string> {
  const { entries } = catalogue;
  return new Map([
    ["", programPage(options, catalogue)],
    ...entries.map((entry) =>
      [entry.command.name, commandPage(options, entry, catalogue)] as const
    ),
  ]);
}

function writePages(dir: string, program: string, texts: ReadonlyMap<string, string>): void {
  try {
    Deno.mkdirSync(dir, { recursive: true });
    for (const [name, text] of texts) {
      const page = name === "" ? program : `${program}-${name}`;
      Deno.writeTextFileSync(`${dir}/${page}.8`, text);
    }
  } catch (cause) {
    throw new HostError(`Cannot write manual pages to "${dir}": ${ioReason(cause)}`, { cause });
  }
}
