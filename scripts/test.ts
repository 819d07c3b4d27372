/**
 * Runs tests against a newly built `./ocirt`, after installing what they need, and ends with one line of counts:
 *
 *     deno task test [FILE|FOLDER...]
 *
 * With CI=true, or OCIRT_MUST_WORK=1, a test that lacks something fails; otherwise it is skipped and says so.
 */
import { addCounts, countsIn, countsLine, failureReader, NO_COUNTS } from "./test/counts.ts";
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

/** The files that `deno test` would run, of those below a file or folder of the project. */
function testFiles(path: string): string[] {
  if (path.endsWith(".ts")) return [path];
  const entries = [...Deno.readDirSync(new URL(path, ROOT))].sort((a, b) =>
    a.name < b.name ? -1 : 1
  );
  return entries.flatMap(({ name, isDirectory }) => {
    if (isDirectory) return testFiles(`${path}/${name}`);
    return name.endsWith("_test.ts") ? [`${path}/${name}`] : [];
  });
}

/**
 * Pure tests share a process. Each file of tests with the kernel has its own: what a process is to its children, to orphans and to
 * signals would pass from one file to the next.
 */
function processesFor(paths: readonly string[]): string[][] {
  const files = paths.map((path) => path.replace(/\/+$/, "")).flatMap(testFiles);
  const needsOwn = (file: string): boolean => file.startsWith("tests/kernel/");
  const shared = files.filter((file) => !needsOwn(file));
  const own = files.filter(needsOwn).map((file) => [file]);
  return shared.length === 0 ? own : [shared, ...own];
}

async function main(paths: readonly string[]): Promise<number> {
  const mustWork = Deno.env.get("CI") === "true" || Deno.env.get("OCIRT_MUST_WORK") === "1";
  await installMissing();
  for (const before of [["check", "-q", "tests"], ["run", "-A", "scripts/build.ts"]]) {
    const code = await follow(deno(before), () => {});
    if (code !== 0) return code;
  }
  let counts = NO_COUNTS;
  let worst = 0;
  const failures: string[] = [];
  const failureIn = failureReader();
  for (const files of processesFor(paths.length === 0 ? ["tests"] : paths)) {
    const tests = deno(["test", "-A", "--no-check", ...files], {
      OCIRT_MUST_WORK: mustWork ? "1" : "0",
    });
    const code = await follow(tests, (line) => {
      counts = addCounts(counts, countsIn(line));
      const failure = failureIn(line);
      if (failure !== null) failures.push(failure);
    });
    worst = Math.max(worst, code);
  }
  for (const failure of failures) console.log(`failed: ${failure}`);
  console.log(countsLine(counts));
  return worst;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
