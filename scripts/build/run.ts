/**
 * Runs a program to its end and returns what it wrote to stdout.
 * @throws {Error} when it cannot be run or fails; the message has what it wrote to stderr
 */
export async function run(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const command = new Deno.Command(program, {
    args: [...args],
    env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", ...env },
    stdin: "null",
  });
  const { code, success, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  if (!success) {
    const words = [program, ...args].join(" ");
    throw new Error(`Cannot run ${words}: it ended with ${code}: ${decoder.decode(stderr).trim()}`);
  }
  return decoder.decode(stdout);
}
