import { parseArgs } from "@std/cli/parse-args";
import type { Flag, FlagValue, FlagValues } from "runtime/base/command.ts";
import { UsageError } from "runtime/base/errors.ts";
import { nearest } from "./nearest.ts";

/** What a piece of the command line may hold. */
export interface Grammar {
  readonly flags: readonly Flag[];
  /** The first word that is no flag ends the flags; it and all behind it are positionals. */
  readonly stopAtFirstPositional: boolean;
  /** The command line that shows the help: `ocirt run --help`. */
  readonly help: string;
}

/** A command line taken apart. */
export interface Parsed {
  readonly flags: FlagValues;
  /** Always texts, as typed: `0x10` and `123` are no numbers here. */
  readonly positionals: readonly string[];
}

/**
 * Takes tokens apart by the rules that runc's callers rely on: `--flag value`, `--flag=value`, `-flag value`, flags behind positionals
 * (unless the grammar stops there), grouped one-letter flags (`-it`), `--` as the end of flags, no splitting at commas,
 * a value may begin with a dash, the last one counts where a flag is given twice.
 *
 * @throws {UsageError} for a flag that is unknown, lacks its value or cannot take the value given
 */
export function parseTokens(tokens: readonly string[], grammar: Grammar): Parsed {
  const words: string[] = [];
  const positionals: string[] = [];
  for (let index = 0; index < tokens.length; index++) {
    const token = tokens[index] ?? "";
    if (token.startsWith("-") && token !== "-" && token !== "--") {
      if (pushFlags(token, tokens[index + 1], grammar, words)) index++;
    } else if (token === "--" || grammar.stopAtFirstPositional) {
      positionals.push(...tokens.slice(token === "--" ? index + 1 : index));
      break;
    } else {
      positionals.push(token);
    }
  }
  return { flags: readWords(words, grammar.flags), positionals };
}

/**
 * The values of flags that are all written as `--name=value`, or `--name` for a boolean that is true. Anything else parseArgs() reads
 * by rules of its own: no value with a dash, `-name` as letters, `--no-name` as the opposite of `--name`.
 */
function readWords(words: string[], flags: readonly Flag[]): FlagValues {
  const string: string[] = [];
  const boolean: string[] = [];
  const collect: string[] = [];
  for (const { name, type } of flags) {
    if (type === "boolean") boolean.push(name);
    else string.push(name);
    if (type === "list") collect.push(name);
  }
  const given = parseArgs(words, { string, boolean, collect });
  const values: Record<string, FlagValue> = {};
  for (const { name, type, fallback } of flags) {
    const value = given[name] as string | boolean | string[] | undefined;
    values[name] = value === undefined
      ? fallback ?? null
      : type === "number"
      ? Number(value)
      : value;
  }
  return values;
}

/** Adds the flags of one token, as readWords() wants them; true where the token behind it was used up as the value. */
function pushFlags(
  token: string,
  next: string | undefined,
  grammar: Grammar,
  words: string[],
): boolean {
  const equals = token.indexOf("=");
  const head = equals === -1 ? token : token.slice(0, equals);
  const group = flagsNamed(head, grammar);
  const last = group.pop();
  if (last === undefined) throw unknownFlag(head, grammar);
  for (const flag of group) {
    if (flag.type !== "boolean") {
      throw wrongFlag(
        `-${flag.short}`,
        `it needs a value, so it must be the last in "${head}"`,
        grammar,
      );
    }
    words.push(`--${flag.name}`);
  }
  const value = equals === -1 ? null : token.slice(equals + 1);
  if (last.type === "boolean") {
    if (value === null || truth(last, value, grammar)) words.push(`--${last.name}`);
    else takeBack(`--${last.name}`, words);
    return false;
  }
  const text = value ?? next;
  if (text === undefined) throw wrongFlag(head, "it needs a value", grammar);
  check(last, text, grammar);
  words.push(`--${last.name}=${text}`);
  return value === null;
}

function takeBack(word: string, words: string[]): void {
  for (let at = words.indexOf(word); at !== -1; at = words.indexOf(word)) words.splice(at, 1);
}

/** `--name`, `-name`, `-n`, or `-nm` for the group of `-n` and `-m`. Empty where nothing fits. */
function flagsNamed(head: string, { flags }: Grammar): Flag[] {
  const doubled = head.startsWith("--");
  const name = head.slice(doubled ? 2 : 1);
  const whole = flags.find((flag) => flag.name === name || flag.short === name);
  if (whole !== undefined) return [whole];
  if (doubled) return [];
  const group = [...name].map((letter) => flags.find(({ short }) => short === letter));
  return group.every((flag) => flag !== undefined) ? group : [];
}

/** The words that Go's ParseBool knows, and so runc's callers. */
function truth({ name }: Flag, value: string, grammar: Grammar): boolean {
  if (["1", "t", "T", "true", "TRUE", "True"].includes(value)) return true;
  if (["0", "f", "F", "false", "FALSE", "False"].includes(value)) return false;
  throw wrongFlag(`--${name}`, `"${value}" is neither true nor false`, grammar);
}

function check({ name, type, choices }: Flag, text: string, grammar: Grammar): void {
  if (choices !== undefined && !choices.includes(text)) {
    throw wrongFlag(`--${name}`, `"${text}" is not one of ${choices.join(", ")}`, grammar);
  }
  if (type === "number" && !(/^[0-9]+$/.test(text) && Number.isSafeInteger(Number(text)))) {
    throw wrongFlag(`--${name}`, `"${text}" is not a whole number of 0 or more`, grammar);
  }
}

function wrongFlag(head: string, why: string, { help }: Grammar): UsageError {
  return new UsageError(`Cannot use flag ${head}: ${why}; hint: see '${help}'`);
}

function unknownFlag(head: string, grammar: Grammar): UsageError {
  const name = head.slice(head.startsWith("--") ? 2 : 1);
  const shown = grammar.flags.filter(({ hidden }) => hidden === undefined);
  const near = nearest(name, shown.map((flag) => flag.name));
  const why = near === null
    ? "there is no such flag"
    : `there is no such flag, but --${near} is one`;
  return wrongFlag(head, why, grammar);
}
