/** What the build was asked for. */
export interface BuildOptions {
  /** `auto`: compile where a denort can be had, else embed. */
  readonly link: "auto" | "compile" | "embed";
  readonly prelink: boolean;
  /** The deno executable to embed into, also one for another machine; the running one by default. */
  readonly engine: string | undefined;
  /** The program's main file. */
  readonly main: string;
  readonly output: string;
  /** Overrides what git says. */
  readonly commit: string | undefined;
}

const USAGE = "deno task build [--link=compile|embed] [--prelink|--no-prelink] [--output=FILE] " +
  "[--version-commit=COMMIT] [--main=FILE] [--engine=FILE]";

const DEFAULTS: BuildOptions = {
  link: "auto",
  prelink: true,
  engine: undefined,
  main: "./main.ts",
  output: "./ocirt",
  commit: undefined,
};

/**
 * Reads the command line of the build; a value may be an argument of its own.
 * @throws {Error} when an argument, or the value of `--link`, is unknown
 */
export function buildOptions(args: readonly string[]): BuildOptions {
  let options = DEFAULTS;
  const rest = args.flatMap(splitValue);
  for (let argument = rest.shift(); argument !== undefined; argument = rest.shift()) {
    if (argument === "--prelink") options = { ...options, prelink: true };
    else if (argument === "--no-prelink") options = { ...options, prelink: false };
    else options = { ...options, ...valueOption(argument, rest.shift()) };
  }
  return options;
}

/** `--name=value` as two arguments. */
function splitValue(argument: string): string[] {
  const equals = argument.indexOf("=");
  const isSplit = argument.startsWith("--") && equals > 0;
  return isSplit ? [argument.slice(0, equals), argument.slice(equals + 1)] : [argument];
}

function valueOption(name: string, value: string | undefined): Partial<BuildOptions> {
  if (value !== undefined) {
    if (name === "--link" && (value === "compile" || value === "embed")) return { link: value };
    if (name === "--engine") return { engine: value };
    if (name === "--main") return { main: value };
    if (name === "--output") return { output: value };
    if (name === "--version-commit") return { commit: value };
  }
  const given = value === undefined ? name : `${name}=${value}`;
  throw new Error(`Cannot build with ${given}; usage: ${USAGE}`);
}
