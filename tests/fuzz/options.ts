import { type KindName, KINDS } from "./kinds.ts";

/** What one run of the fuzzer does. */
export interface FuzzOptions {
  readonly seed: number;
  /** Of each kind; those that are slow get a share. */
  readonly cases: number;
  readonly kinds: readonly KindName[];
  /** A file with one input, run in place of all cases. */
  readonly replay: string | null;
  /** This is the process in the sandbox. */
  readonly inside: boolean;
}

/** A message for whoever called. */
export class TellError extends Error {}

/** @throws {TellError} for an argument that is none of the fuzzer's */
export function parseFuzzOptions(args: readonly string[]): FuzzOptions {
  let seed = Date.now() % 2 ** 31;
  let cases = 10_000;
  let replay: string | null = null;
  let inside = false;
  const kinds: KindName[] = [];
  for (let i = 0; i < args.length; i++) {
    const name = args[i] ?? "";
    const value = (): string => args[++i] ?? wrong(`${name} has no value`);
    if (name === "--seed") seed = wholeNumber(value());
    else if (name === "--cases") cases = wholeNumber(value());
    else if (name === "--kind") kinds.push(kindOf(value()));
    else if (name === "--replay") replay = value();
    else if (name === "--inside") inside = true;
    else wrong(`${name} is no option`);
  }
  const all = KINDS.map((kind) => kind.name);
  return { seed, cases, kinds: kinds.length === 0 ? all : kinds, replay, inside };
}

function wholeNumber(text: string): number {
  return /^\d{1,9}$|^[12]\d{9}$/.test(text) ? Number(text) : wrong(`${text} is no whole number`);
}

function kindOf(text: string): KindName {
  const known = KINDS.find(({ name }) => name === text);
  return known?.name ?? wrong(`${text} is none of ${KINDS.map(({ name }) => name).join(", ")}`);
}

function wrong(why: string): never {
  throw new TellError(`Cannot fuzz: ${why}; hint: --seed N, --cases N, --kind KIND, --replay FILE`);
}
