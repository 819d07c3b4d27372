import { SIGNALS } from "syscalls/abi/signal.ts";
import type { Catalogue, Completion, Flag } from "runtime/base/command.ts";

/** A flag as a shell sees it. */
export interface ShellFlag {
  readonly name: string;
  readonly short: string | null;
  readonly help: string;
  /** What its value is called, and may be; null where it takes none. */
  readonly value: { readonly metavar: string; readonly is: Completion } | null;
  /** May be given more than once. */
  readonly repeats: boolean;
}

/** A command as a shell sees it. */
export interface ShellCommand {
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly ShellFlag[];
  readonly positionals: readonly Completion[];
  readonly stopAtFirstPositional: boolean;
}

/** What a completion script is made from. */
export interface ShellModel {
  /** The name that the program is called by. */
  readonly program: string;
  /** The same as a part of a function's name. */
  readonly identifier: string;
  readonly globalFlags: readonly ShellFlag[];
  readonly commands: readonly ShellCommand[];
  /** Without their `SIG`. */
  readonly signals: readonly string[];
}

/** Everything that can be typed, without what the help does not show either. */
export function shellModel(program: string, catalogue: Catalogue): ShellModel {
  const { globalFlags, helpFlag, entries } = catalogue;
  const commands = entries.map(({ summary, command }): ShellCommand => ({
    name: command.name,
    summary,
    flags: shellFlags([...command.flags, helpFlag]),
    positionals: command.positionals.are,
    stopAtFirstPositional: command.stopAtFirstPositional === true,
  }));
  return {
    program,
    identifier: program.replaceAll(/[^A-Za-z0-9]/g, "_"),
    globalFlags: shellFlags(globalFlags),
    commands: [...commands, HELP],
    signals: Object.keys(SIGNALS).map((name) => name.slice("SIG".length)),
  };
}

/** It is no command to the program, which has it read no command's file but the one it is about. */
const HELP: ShellCommand = {
  name: "help",
  summary: "show the list of commands, or the help of one",
  flags: [],
  positionals: ["command"],
  stopAtFirstPositional: true,
};

function shellFlags(flags: readonly Flag[]): ShellFlag[] {
  return flags.filter(({ hidden }) => hidden === undefined).map((flag) => ({
    name: flag.name,
    short: flag.short ?? null,
    help: flag.help,
    value: flag.type === "boolean"
      ? null
      : { metavar: flag.metavar ?? "value", is: completionOf(flag) },
    repeats: flag.type === "list",
  }));
}

/** What a flag's value may be. */
export function completionOf({ completion, choices, metavar }: Flag): Completion {
  if (completion !== undefined) return completion;
  if (choices !== undefined) return choices;
  switch (metavar) {
    case "DIR":
      return "directory";
    case "FILE":
    case "SOCKET":
      return "file";
    default:
      return "other";
  }
}

/** Every way to write a flag, in front of its value: the program takes long names behind one dash too. */
export function spellings({ name, short }: ShellFlag): string[] {
  return [`--${name}`, `-${name}`, ...short === null ? [] : [`-${short}`]];
}
