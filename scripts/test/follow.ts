export interface FollowOptions {
  readonly cwd?: string | URL;
  /** Added to the environment of the caller. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether standard error is read as well; else it is the caller's. */
  readonly errors?: boolean;
}

/** Runs a program, passes on what it writes and gives it to `onLine` line by line. @returns its exit status */
export async function follow(
  [program, ...args]: readonly [string, ...string[]],
  onLine: (line: string) => void,
  options: FollowOptions = {},
): Promise<number> {
  const child = new Deno.Command(program, {
    args,
    stdin: "null",
    stdout: "piped",
    stderr: options.errors === true ? "piped" : "inherit",
    ...options.cwd === undefined ? {} : { cwd: options.cwd },
    ...options.env === undefined ? {} : { env: { ...options.env } },
  }).spawn();
  const outputs = [pass(child.stdout, Deno.stdout, onLine)];
  if (options.errors === true) outputs.push(pass(child.stderr, Deno.stderr, onLine));
  await Promise.all(outputs);
  return (await child.status).code;
}

async function pass(
  from: ReadableStream<Uint8Array<ArrayBuffer>>,
  to: typeof Deno.stdout | typeof Deno.stderr,
  onLine: (line: string) => void,
): Promise<void> {
  let rest = "";
  for await (const text of from.pipeThrough(new TextDecoderStream())) {
    to.writeSync(new TextEncoder().encode(text));
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(onLine);
  }
  onLine(rest);
}
