/** The built executable that the black-box tests run. */
export const OCIRT: string = Deno.env.get("OCIRT") ??
  new URL("../../ocirt", import.meta.url).pathname;

/** What came of a command. */
export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  /** Added to the environment of the test. */
  readonly env?: Readonly<Record<string, string>>;
  /** Text of standard input; none when left out. */
  readonly stdin?: string;
  /** After so many seconds it is killed, in place of {@link PATIENCE}. */
  readonly patience?: number;
}

/** A command that hangs is killed after so many seconds, and its status is 124. */
const PATIENCE = 60;

/**
 * Runs a command to its end. Its output goes to files: a container that it leaves behind keeps standard output open, and a
 * pipe would have no end.
 */
export function runProgram(argv: readonly string[], options: RunOptions = {}): Result {
  const folder = Deno.makeTempDirSync({ prefix: "ocirt-output-" });
  try {
    const { code } = commandOf(folder, argv, options).outputSync();
    return resultIn(folder, code);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** The same while others run. */
export async function startProgram(
  argv: readonly string[],
  options: RunOptions = {},
): Promise<Result> {
  const folder = Deno.makeTempDirSync({ prefix: "ocirt-output-" });
  try {
    const { code } = await commandOf(folder, argv, options).output();
    return resultIn(folder, code);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

function commandOf(folder: string, argv: readonly string[], options: RunOptions): Deno.Command {
  Deno.writeTextFileSync(`${folder}/in`, options.stdin ?? "");
  const script = 'f=$1; shift; exec timeout -k 1 "$@" <"$f/in" >"$f/out" 2>"$f/err"';
  return new Deno.Command("/bin/sh", {
    args: ["-c", script, "sh", folder, String(options.patience ?? PATIENCE), ...argv],
    stdin: "null",
    stdout: "null",
    stderr: "null",
    ...options.cwd === undefined ? {} : { cwd: options.cwd },
    ...options.env === undefined ? {} : { env: { ...options.env } },
  });
}

function resultIn(folder: string, code: number): Result {
  return {
    code,
    stdout: Deno.readTextFileSync(`${folder}/out`),
    stderr: Deno.readTextFileSync(`${folder}/err`),
  };
}

/** The words of a failure told as one text log line: what stands behind `msg=`. Anything else on standard error fails the test. */
export function messageOf({ stderr }: Result): string {
  const found = /^time="[^"]+" level=error msg=(.+)\n$/.exec(stderr)?.[1];
  if (found === undefined) throw new Error(`Not one error line: ${JSON.stringify(stderr)}`);
  return found.startsWith('"') ? JSON.parse(found) as string : found;
}
