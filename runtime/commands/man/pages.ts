import type { Catalogue, CatalogueEntry, Example, Flag, StatusRow } from "runtime/base/command.ts";
import { environment, files, INTRODUCTION } from "./program.ts";
import { bold, italic, paragraphs, roffText, section, tagged, titleLine } from "./roff.ts";

/** Which program the pages are of. */
export interface PageOptions {
  /** The name it is called by. */
  readonly program: string;
  readonly version: string;
}

const USUAL_STATUS: readonly StatusRow[] = [
  ["0", "success"],
  ["1", "failure; standard error says what could not be done, and why"],
];

/** The page of the whole program. */
export function programPage(
  { program, version }: PageOptions,
  { globalFlags, entries }: Catalogue,
): string {
  const commands = entries.map(({ summary, command: { name } }) => ({ name, summary }));
  return page([
    titleLine(program, `${program} ${version}`),
    ...section("NAME", [`${roffText(program)} \\- Open Container Initiative runtime`]),
    ...section("SYNOPSIS", [
      `${bold(program)} [${italic("global options")}] ${italic("command")} ` +
      `[${italic("command options")}] [${italic("arguments")}]`,
    ]),
    ...section("DESCRIPTION", paragraphs(INTRODUCTION)),
    ...section("COMMANDS", [
      ...commands.flatMap(({ name, summary }) =>
        tagged(`${bold(`${program}-${name}`)}(8)`, summary)
      ),
      ...tagged(bold("help"), "show the list of commands, or the help of one"),
    ]),
    ...section("OPTIONS", globalFlags.flatMap(flagLines)),
    ...section("EXIT STATUS", [
      ...USUAL_STATUS.flatMap(([status, meaning]) => tagged(status, meaning)),
      ...tagged("3", "there is no such command"),
      ".PP",
      "Commands that wait for a process end with its status; their pages say so.",
    ]),
    ...section(
      "ENVIRONMENT",
      environment(program).flatMap(([name, text]) => tagged(bold(name), text)),
    ),
    ...section("FILES", files(program).flatMap(([name, text]) => tagged(italic(name), text))),
    ...section("EXAMPLES", exampleLines(program, PROGRAM_EXAMPLES)),
    ...section("SEE ALSO", references(commands.map(({ name }) => `${program}-${name}`))),
  ], program);
}

const PROGRAM_EXAMPLES: readonly Example[] = [
  { line: "%n spec && %n run mine", does: "write a config.json, and run the bundle" },
  { line: "%n sandbox -- sh", does: "a container without a bundle" },
  { line: "%n --root /run/test list", does: "the containers of another state root" },
  { line: "%n --debug --log run.log run mine", does: "with the runtime's own messages in a file" },
];

/** The page of one command. */
export function commandPage(
  { program, version }: PageOptions,
  entry: CatalogueEntry,
  { helpFlag, entries }: Catalogue,
): string {
  const names = entries.map(({ command }) => command.name);
  const { summary, command } = entry;
  const { name, usage, description, flags, exitStatus, examples } = command;
  const full = `${program}-${name}`;
  return page([
    titleLine(full, `${program} ${version}`),
    ...section("NAME", [`${roffText(full)} \\- ${roffText(summary)}`]),
    ...section("SYNOPSIS", synopsis(`${program} ${name}`, usage)),
    ...section("DESCRIPTION", paragraphs(description)),
    ...section("OPTIONS", [...flags, helpFlag].flatMap(flagLines)),
    ...section(
      "EXIT STATUS",
      (exitStatus ?? USUAL_STATUS).flatMap(([status, meaning]) =>
        tagged(roffText(status), meaning)
      ),
    ),
    ...section("EXAMPLES", exampleLines(program, examples)),
    ...section(
      "SEE ALSO",
      references([program, ...related(entry, names).map((other) => `${program}-${other}`)]),
    ),
  ], program);
}

/** Two forms of a command are told apart by `||` in its usage. */
function synopsis(start: string, usage: string): string[] {
  return usage.split(" || ").flatMap((form, index) => [
    ...index === 0 ? [] : [".br"],
    `${bold(start)} [${italic("options")}] ${roffText(form)}`.trimEnd(),
  ]);
}

/** Those of all commands that a command's own words name. */
function related(
  { command: { name, description, examples } }: CatalogueEntry,
  all: readonly string[],
): string[] {
  const words = [description, ...examples.map(({ line, does }) => `${line}\n${does}`)].join("\n");
  const named = new Set([...words.matchAll(/%n ([a-z]+)/g)].map(([, found = ""]) => found));
  return all.filter((other) => other !== name && named.has(other));
}

function flagLines(
  { name, short, type, metavar, help, fallback, choices, hidden }: Flag,
): string[] {
  if (hidden === true) return [];
  const value = type === "boolean" ? "" : ` ${italic(metavar ?? "value")}`;
  const letter = short === undefined ? "" : `, ${bold(`-${short}`)}${value}`;
  const among = choices === undefined ? "" : ` (one of: ${choices.join(", ")})`;
  const usual = fallback === undefined ? "" : ` (default: ${fallback})`;
  return tagged(`${bold(`--${name}`)}${value}${letter}`, `${help}${among}${usual}`);
}

function exampleLines(program: string, examples: readonly Example[]): string[] {
  return examples.flatMap(({ line, does }) => tagged(bold(line.replaceAll("%n", program)), does));
}

function references(names: readonly string[]): string[] {
  return names.map((name, index) =>
    `.BR ${roffText(name)} (8)${index === names.length - 1 ? "" : ","}`
  );
}

function page(lines: readonly string[], program: string): string {
  return `.\\" Written by "${program} man".\n${lines.join("\n")}\n`.replaceAll(
    "%n",
    roffText(program),
  );
}
