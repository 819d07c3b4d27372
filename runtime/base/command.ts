import type { Logger } from "./log.ts";

/** What a flag takes: nothing, one text, one whole number, or a text each time it is given. */
export type FlagType = "boolean" | "string" | "number" | "list";

/**
 * What a word of the command line may be, for the shells that complete it: a container of the state root, one of the commands, a path
 * of the host, a signal's name, a command line of the host from here on, one of some words; "other" for all that only its user knows.
 */
export type Completion =
  | "container"
  | "command"
  | "file"
  | "directory"
  | "signal"
  | "hostCommand"
  | "other"
  | readonly string[];

/** One flag of a command, as data: the parser and the help read the same. */
export interface Flag {
  /** Name behind the two dashes. */
  readonly name: string;
  /** One letter behind one dash. */
  readonly short?: string;
  readonly type: FlagType;
  /** What its value is called in the help: `value` unless given. DIR, FILE and SOCKET are paths of the host. */
  readonly metavar?: string;
  readonly help: string;
  /** The value when it is not given, as the help shows it and the command sees it. */
  readonly fallback?: string | number;
  /** The only values it takes. */
  readonly choices?: readonly string[];
  /** What shells offer for its value, where neither `choices` nor `metavar` say it. */
  readonly completion?: Completion;
  /** Accepted and left out of the help. */
  readonly hidden?: true;
}

/** The value of a flag: null where a flag that needs a value was not given and has no fallback. */
export type FlagValue = boolean | string | number | readonly string[] | null;

/** Every flag that a command has, by name. */
export type FlagValues = Readonly<Record<string, FlagValue>>;

/** Who makes the cgroups of containers: the runtime itself, systemd, or nobody. */
export type CgroupManager = "cgroupfs" | "systemd" | "disabled";

/** What the global flags decided. `runtime/lifecycle` takes the same shape. */
export interface CommandContext {
  /** The folder that holds one folder per container, absolute. */
  readonly root: string;
  readonly log: Logger;
  /** The name that this program was called by. */
  readonly programName: string;
  readonly cgroupManager: CgroupManager;
  /** Whether cgroups and device rules that the caller may not have are left out; null: if the caller is not root of the host. */
  readonly rootless: boolean | null;
  /** This program's version. */
  readonly version: string;
}

/** A command as the list of commands has it, with all it says of itself. */
export interface CatalogueEntry {
  readonly summary: string;
  readonly command: Command;
}

/** Everything that can be typed, as data: what completions and manual pages are made from. */
export interface Catalogue {
  readonly globalFlags: readonly Flag[];
  /** The flag that every command has beside its own. */
  readonly helpFlag: Flag;
  readonly entries: readonly CatalogueEntry[];
}

/** One use of a command. */
export interface Invocation {
  readonly context: CommandContext;
  /** True where `--root` chose the state root; false for the default one, which may be missing. */
  readonly rootIsExplicit: boolean;
  readonly flags: FlagValues;
  readonly positionals: readonly string[];
  /** Evaluates the files of all commands. */
  readonly catalogue: () => Promise<Catalogue>;
  /** Prints a part of the answer at once, for a command that goes on; false when nobody reads any more. */
  readonly say: (output: Output) => boolean;
}

/** A line with what belongs to it, for the people's form of a nested answer. */
export interface OutlineItem {
  readonly text: string;
  /** Shown in brackets behind the text. */
  readonly note?: string;
  readonly children?: readonly OutlineItem[];
}

/** A heading and its lines. */
export interface OutlineSection {
  readonly title: string;
  readonly numbered: boolean;
  readonly items: readonly OutlineItem[];
}

/** What a command has to say. How it looks is the business of `runtime/cli`. */
export type Output =
  | { readonly kind: "text"; readonly text: string }
  /** `indent` spaces a level, 0 for one line without spaces. A bigint is printed as a number, with every digit. */
  | {
    readonly kind: "json";
    readonly value: unknown;
    readonly indent: number;
    readonly newline: boolean;
  }
  | {
    readonly kind: "table";
    readonly header: readonly string[];
    readonly rows: readonly (readonly string[])[];
  }
  | { readonly kind: "outline"; readonly sections: readonly OutlineSection[] };

/** How a command ended. */
export interface CommandResult {
  readonly output?: Output;
  readonly exitCode: number;
}

/** A command line and what it does. */
export interface Example {
  /** `%n` stands for the program's name. */
  readonly line: string;
  /** A phrase without a period: `end it at once`. */
  readonly does: string;
}

/** An exit status, or a range of them, and what it means. */
export type StatusRow = readonly [status: string, meaning: string];

/** One subcommand. */
export interface Command {
  readonly name: string;
  /** The arguments behind the flags, as the usage line shows them: `<container-id>`. */
  readonly usage: string;
  /** For the help; `%n` stands for the program's name. */
  readonly description: string;
  readonly flags: readonly Flag[];
  /** How many arguments there may be, and what the first of them are. */
  readonly positionals: {
    readonly min: number;
    readonly max: number;
    readonly are: readonly Completion[];
  };
  readonly examples: readonly Example[];
  /** What its exit status means, where 0 and 1 are not all. */
  readonly exitStatus?: readonly StatusRow[];
  /** Everything behind the first positional belongs to the command, dashes or not. */
  readonly stopAtFirstPositional?: true;
  /** What a failure's sentence begins with, `%n` for the program's name: `%n run failed`. */
  readonly failurePrefix?: string;
  /** That its program cannot be executed is told as a shell does, to whoever sits before it: nothing else was wrong. */
  readonly speaksForProgram?: true;
  /** The exit status of a failure, where it is always the same. */
  readonly failureExitCode?: number;
  run(invocation: Invocation): CommandResult | Promise<CommandResult>;
}

/** Whether a boolean flag was given. */
export function booleanFlag({ flags }: Invocation, name: string): boolean {
  return flags[name] === true;
}

/** The text of a flag; null where it was not given, or was given as an empty text, which the field takes for the same. */
export function stringFlag({ flags }: Invocation, name: string): string | null {
  const value = flags[name];
  return typeof value === "string" && value !== "" ? value : null;
}

/** The number of a flag; it must have a fallback. */
export function numberFlag({ flags }: Invocation, name: string): number {
  const value = flags[name];
  if (typeof value !== "number") throw new TypeError(`Cannot read flag ${name}: it has no number`);
  return value;
}

/** Every text given for a list flag, in order. */
export function listFlag({ flags }: Invocation, name: string): readonly string[] {
  const value = flags[name];
  return Array.isArray(value) ? value : [];
}

/** The positional at `index`, which the command's minimum promises. */
export function positional({ positionals }: Invocation, index: number): string {
  const value = positionals[index];
  if (value === undefined) throw new TypeError(`Cannot read positional ${index}: it is not there`);
  return value;
}
