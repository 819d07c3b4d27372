/**
 * Runs tests against a newly built `./ocirt`, after installing what they need, and ends with one line of counts:
 *
 *     deno task test [FILE|FOLDER...]
 *
 * With CI=true, or OCIRT_MUST_WORK=1, a test that lacks something fails; otherwise it is skipped and says so.
 */
import { addCounts, countsIn, countsLine, NO_COUNTS } from "./test/counts.ts";
import { installMissing } from "./test/needs.ts";

const ROOT = new URL("../", import.meta.url);

/** Runs deno with these arguments in the project's folder. */
function deno(args: readonly string[], env: Record<string, string> = {}): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: ROOT,
    env,
    stdin: "null",
    stdout: "piped",
  });
}

/** Passes on what a command writes, line by line, and gives its exit status. */
async function follow(command: Deno.Command, onLine: (line: string) => void): Promise<number> {
  const child = command.spawn();
  let rest = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    Deno.stdout.writeSync(new TextEncoder().encode(text));
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(onLine);
  }
  onLine(rest);
  return (await child.status).code;
}

async function main(paths: readonly string[]): Promise<number> {
  const mustWork = Deno.env.get("CI") === "true" || Deno.env.get("OCIRT_MUST_WORK") === "1";
  await installMissing();
  const built = await follow(deno(["run", "-A", "scripts/build.ts"]), () => {});
  if (built !== 0) return built;
  let counts = NO_COUNTS;
  const tests = deno(
    ["test", "-A", ...paths.length === 0 ? ["tests"] : paths],
    { OCIRT_MUST_WORK: mustWork ? "1" : "0" },
  );
  const code = await follow(tests, (line) => counts = addCounts(counts, countsIn(line)));
  console.log(countsLine(counts));
  return code;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
