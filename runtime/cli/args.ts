import { parseArgs } from "@std/cli/parse-args";
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
 * @throws {UsageError} for a flag that is unknown, lacks its value or cannot take the value given
 */
export function parseTokens(tokens: readonly string[], grammar: Grammar): Parsed {
  const { flags } = grammar;
  const { canonical, positionals } = scan(tokens, grammar);
  const parsed = parseArgs([...canonical, "--", ...positionals], {
    "--": true,
    boolean: flags.filter(({ type }) => type === "boolean").map(({ name }) => name),
    string: flags.filter(({ type }) => type !== "boolean").map(({ name }) => name),
    collect: flags.filter(({ type }) => type === "list").map(({ name }) => name),
  });
  const values: Record<string, FlagValue> = {};
  for (const flag of flags) values[flag.name] = valueOf(flag, parsed[flag.name], grammar);
  return { flags: values, positionals: parsed["--"] ?? [] };
}

interface Scanned {
  /** Only `--name` and `--name=value`. parseArgs reads a `no-` in front of `=` as a negation, so no flag with a value may begin with it. */
  canonical: string[];
  positionals: string[];
}

function scan(tokens: readonly string[], grammar: Grammar): Scanned {
  const scanned: Scanned = { canonical: [], positionals: [] };
  for (let index = 0; index < tokens.length; index++) {
    const token = tokens[index] ?? "";
    if (token === "--") {
      scanned.positionals.push(...tokens.slice(index + 1));
      break;
    }
    if (!token.startsWith("-") || token === "-") {
      if (grammar.stopAtFirstPositional) {
        scanned.positionals.push(...tokens.slice(index));
        break;
      }
      scanned.positionals.push(token);
      continue;
    }
    if (takeFlags(token, tokens[index + 1], grammar, scanned.canonical)) index++;
  }
  return scanned;
}

/** Adds the flags of one token; true where the token behind it was used up as the value. */
function takeFlags(
  token: string,
  next: string | undefined,
  grammar: Grammar,
  canonical: string[],
): boolean {
  const equals = token.indexOf("=");
  const head = equals === -1 ? token : token.slice(0, equals);
  const named = flagsNamed(head, grammar);
  const last = named.pop();
  if (last === undefined) throw unknownFlag(head, grammar);
  for (const flag of named) {
    if (flag.type !== "boolean") {
      throw new UsageError(
        `Cannot use flag -${flag.short}: it needs a value, so only the last of "${token}" may be it; ${
          helpHint(grammar)
        }`,
      );
    }
    canonical.push(`--${flag.name}`);
  }
  const value = equals === -1 ? null : token.slice(equals + 1);
  if (last.type === "boolean") {
    takeBoolean(last, value, grammar, canonical);
    return false;
  }
  const text = value ?? next;
  if (text === undefined) {
    throw new UsageError(`Cannot use flag ${head}: it needs a value; ${helpHint(grammar)}`);
  }
  canonical.push(`--${last.name}=${text}`);
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

const TRUE = ["1", "t", "T", "true", "TRUE", "True"];
const FALSE = ["0", "f", "F", "false", "FALSE", "False"];

function takeBoolean(
  flag: Flag,
  value: string | null,
  grammar: Grammar,
  canonical: string[],
): void {
  const word = `--${flag.name}`;
  if (value === null || TRUE.includes(value)) {
    canonical.push(word);
  } else if (FALSE.includes(value)) {
    for (let at = canonical.indexOf(word); at !== -1; at = canonical.indexOf(word)) {
      canonical.splice(at, 1);
    }
  } else {
    throw new UsageError(
      `Cannot use flag ${word}: "${value}" is neither true nor false; ${helpHint(grammar)}`,
    );
  }
}

function valueOf(flag: Flag, value: unknown, grammar: Grammar): FlagValue {
  if (flag.type === "boolean") return value === true;
  if (flag.type === "list") return Array.isArray(value) ? value : [];
  if (typeof value !== "string") return flag.fallback ?? null;
  if (flag.choices !== undefined && !flag.choices.includes(value)) {
    throw new UsageError(
      `Cannot use flag --${flag.name}: "${value}" is not one of ${flag.choices.join(", ")}; ${
        helpHint(grammar)
      }`,
    );
  }
  if (flag.type === "string") return value;
  const number = Number(value);
  if (!/^[0-9]+$/.test(value) || !Number.isSafeInteger(number)) {
    throw new UsageError(
      `Cannot use flag --${flag.name}: "${value}" is not a whole number of 0 or more; ${
        helpHint(grammar)
      }`,
    );
  }
  return number;
}

function unknownFlag(head: string, grammar: Grammar): UsageError {
  const name = head.slice(head.startsWith("--") ? 2 : 1);
  const { flags, place } = grammar.elsewhere;
  const near = nearest(
    name,
    grammar.flags.filter(({ hidden }) => hidden === undefined).map((flag) => flag.name),
  );
  const hint = flags.some((flag) => flag.name === name)
    ? `hint: it goes ${place}`
    : near !== null
    ? `hint: did you mean --${near}? See '${grammar.help}'`
    : helpHint(grammar);
  return new UsageError(`Cannot use flag ${head}: it is unknown here; ${hint}`);
}

function helpHint({ help }: Grammar): string {
  return `hint: see '${help}'`;
}
