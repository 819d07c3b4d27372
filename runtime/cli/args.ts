import type { Flag, FlagValue, FlagValues } from "runtime/base/command.ts";
import { UsageError } from "runtime/base/errors.ts";
import { nearest } from "./nearest.ts";

/** What a piece of the command line may hold. */
export interface Grammar {
  readonly flags: readonly Flag[];
  /** The first word that is no flag ends the flags; it and all behind it are positionals. */
  readonly stopAtFirstPositional: boolean;
  /** Flags of another place, with the place: named when one of them turns up here. */
  readonly elsewhere: { readonly flags: readonly Flag[]; readonly place: string };
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
 * Not `parseArgs` of @std/cli: it takes no value with a dash, turns texts into numbers, knows no single-dash names, and costs
 * 0.7 ms, about as much as all else that `state` does.
 *
 * @throws {UsageError} for a flag that is unknown, lacks its value or cannot take the value given
 */
export function parseTokens(tokens: readonly string[], grammar: Grammar): Parsed {
  const flags: Record<string, FlagValue> = {};
  for (const flag of grammar.flags) flags[flag.name] = valueOfAbsent(flag);
  const positionals: string[] = [];
  for (let index = 0; index < tokens.length; index++) {
    const token = tokens[index] ?? "";
    if (token === "--") return { flags, positionals: [...positionals, ...tokens.slice(index + 1)] };
    if (token.startsWith("-") && token !== "-") {
      if (takeFlags(token, tokens[index + 1], grammar, flags)) index++;
    } else if (grammar.stopAtFirstPositional) {
      return { flags, positionals: tokens.slice(index) };
    } else {
      positionals.push(token);
    }
  }
  return { flags, positionals };
}

function valueOfAbsent({ type, fallback }: Flag): FlagValue {
  if (type === "boolean") return false;
  return type === "list" ? [] : fallback ?? null;
}

/** Sets the flags of one token; true where the token behind it was used up as the value. */
function takeFlags(
  token: string,
  next: string | undefined,
  grammar: Grammar,
  flags: Record<string, FlagValue>,
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
    flags[flag.name] = true;
  }
  const value = equals === -1 ? null : token.slice(equals + 1);
  if (last.type === "boolean") {
    flags[last.name] = value === null || truth(last, value, grammar);
    return false;
  }
  const text = value ?? next;
  if (text === undefined) throw wrongFlag(head, "it needs a value", grammar);
  flags[last.name] = last.type === "list"
    ? [...listed(flags[last.name]), text]
    : checked(last, text, grammar);
  return value === null;
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

function listed(value: FlagValue | undefined): readonly string[] {
  return Array.isArray(value) ? value : [];
}

function checked({ name, type, choices }: Flag, text: string, grammar: Grammar): string | number {
  if (choices !== undefined && !choices.includes(text)) {
    throw wrongFlag(`--${name}`, `"${text}" is not one of ${choices.join(", ")}`, grammar);
  }
  if (type === "string") return text;
  const number = Number(text);
  if (!/^[0-9]+$/.test(text) || !Number.isSafeInteger(number)) {
    throw wrongFlag(`--${name}`, `"${text}" is not a whole number of 0 or more`, grammar);
  }
  return number;
}

function wrongFlag(head: string, why: string, { help }: Grammar): UsageError {
  return new UsageError(`Cannot use flag ${head}: ${why}; hint: see '${help}'`);
}

function unknownFlag(head: string, grammar: Grammar): UsageError {
  const name = head.slice(head.startsWith("--") ? 2 : 1);
  const { flags, place } = grammar.elsewhere;
  if (flags.some((flag) => flag.name === name)) {
    return new UsageError(`Cannot use flag ${head}: it is unknown here; hint: it goes ${place}`);
  }
  const shown = grammar.flags.filter(({ hidden }) => hidden === undefined);
  const near = nearest(name, shown.map((flag) => flag.name));
  const why = near === null
    ? "there is no such flag"
    : `there is no such flag, but --${near} is one`;
  return wrongFlag(head, why, grammar);
}
