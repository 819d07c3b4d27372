import type { Command, Example, Flag } from "runtime/base/command.ts";
import { GLOBAL_FLAGS, HELP_FLAG } from "./global_flags.ts";
import { COMMANDS } from "./table.ts";

/** The help of the whole program. Its first two lines are those that runc's callers look for. */
export function programHelp(programName: string, version: string): string {
  return `NAME:
   ${programName} - Open Container Initiative runtime

   Runs containers as the OCI runtime specification describes them: a bundle is a folder with a
   root filesystem and a config.json. To run the bundle in the current folder as "mine":

       # ${programName} run mine

USAGE:
   ${programName} [global options] command [command options] [arguments...]

VERSION:
   ${version}

COMMANDS:
${columns([...COMMANDS.map(({ name, summary }): Row => [name, summary]), HELP_ROW])}
GLOBAL OPTIONS:
${columns(GLOBAL_FLAGS.filter(isShown).map(flagRow))}`;
}

/** The help of one command. */
export function commandHelp(programName: string, summary: string, command: Command): string {
  const { name, usage, description, flags } = command;
  const words = usage === "" ? "" : ` ${usage}`;
  return `NAME:
   ${programName} ${name} - ${summary}

USAGE:
   ${programName} ${name} [command options]${words}

DESCRIPTION:
${indent(description.replaceAll("%n", programName))}

OPTIONS:
${columns([...flags.filter(isShown), HELP_FLAG].map(flagRow))}${exitStatusPart(command)}
EXAMPLES:
${command.examples.map((example) => exampleLines(programName, example)).join("")}`;
}

function exitStatusPart({ exitStatus }: Command): string {
  return exitStatus === undefined ? "" : `\nEXIT STATUS:\n${columns(exitStatus)}`;
}

function exampleLines(programName: string, { line, does }: Example): string {
  return `   ${line}\n      ${does}\n`.replaceAll("%n", programName);
}

type Row = readonly [left: string, right: string];

const HELP_ROW: Row = ["help, h", "show the list of commands, or the help of one"];

function isShown({ hidden }: Flag): boolean {
  return hidden === undefined;
}

/** `--bundle value, -b value` and what it means. */
function flagRow({ name, short, type, metavar, help, fallback, choices }: Flag): Row {
  const value = type === "boolean" ? "" : ` ${metavar ?? "value"}`;
  const left = `--${name}${value}${short === undefined ? "" : `, -${short}${value}`}`;
  const among = choices === undefined ? "" : ` (one of: ${choices.join(", ")})`;
  const usual = fallback === undefined ? "" : ` (default: ${JSON.stringify(fallback)})`;
  return [left, `${help}${among}${usual}`];
}

function columns(rows: readonly Row[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `   ${left.padEnd(width)}  ${right}\n`).join("");
}

function indent(text: string): string {
  return text.split("\n").map((line) => line === "" ? "" : `   ${line}`).join("\n");
}
