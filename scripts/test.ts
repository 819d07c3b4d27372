/**
 * Runs tests against a newly built `./ocirt`, after installing what they need, and ends with one line of counts:
 *
 *     deno task test [--built] [FILE|FOLDER...]
 *
 * With CI=true, or OCIRT_MUST_WORK=1, a test that lacks something fails; otherwise it is skipped and says so. With --built the
 * machine and `./ocirt` are taken as they are: nothing is installed, checked or built.
 */
import { cannotMakeClientRoot, makeClientRoot } from "./test/client_root.ts";
import { addCounts, countsIn, countsLine, failureReader, NO_COUNTS } from "./test/counts.ts";
import { follow } from "./test/follow.ts";
import { installMissing } from "./test/needs.ts";

const ROOT = new URL("../", import.meta.url);
const BUILT = "--built";

/** Runs deno with these arguments in the project's folder. */
function deno(
  args: readonly string[],
  onLine: (line: string) => void = () => {},
  env: Readonly<Record<string, string>> = {},
): Promise<number> {
  return follow([Deno.execPath(), ...args], onLine, { cwd: ROOT, env });
}

/** Makes what the tests need. @returns the status of what failed, else 0 */
async function prepare(): Promise<number> {
  await installMissing();
  return await deno(["check", "-q", "tests"]) || await deno(["run", "-A", "scripts/build.ts"]);
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

function isOfClients(file: string): boolean {
  return file.startsWith("tests/clients/");
}

/** Gives `run` the variables by which tests of clients share the files of their machines, which are removed afterwards. */
async function withClients(
  files: readonly (readonly string[])[],
  run: (env: Readonly<Record<string, string>>) => Promise<number>,
): Promise<number> {
  // Tests say for themselves why they cannot be run.
  if (!files.flat().some(isOfClients) || cannotMakeClientRoot() !== null) return await run({});
  const dir = Deno.makeTempDirSync({ prefix: "ocirt-clients-" });
  try {
    console.log("Unpacking Debian's container clients");
    return await run({ OCIRT_CLIENT_ROOT: makeClientRoot(dir) });
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
}

/**
 * Pure tests share a process. Each file of tests with the kernel has its own: what a process is to its children, to orphans and to
 * signals would pass from one file to the next.
 */
function processesFor(paths: readonly string[]): string[][] {
  const files = paths.map((path) => path.replace(/\/+$/, "")).flatMap(testFiles);
  const needsOwn = (file: string): boolean => file.startsWith("tests/kernel/") || isOfClients(file);
  const shared = files.filter((file) => !needsOwn(file));
  const own = files.filter(needsOwn).map((file) => [file]);
  return shared.length === 0 ? own : [shared, ...own];
}

async function main(args: readonly string[]): Promise<number> {
  const mustWork = Deno.env.get("CI") === "true" || Deno.env.get("OCIRT_MUST_WORK") === "1";
  const paths = args.filter((arg) => arg !== BUILT);
  const unprepared = args.includes(BUILT) ? 0 : await prepare();
  if (unprepared !== 0) return unprepared;
  const groups = processesFor(paths.length === 0 ? ["tests"] : paths);
  return await withClients(groups, (clients) => {
    return runAll(groups, { ...clients, OCIRT_MUST_WORK: mustWork ? "1" : "0" });
  });
}

/** Runs files of tests, a process a group, and tells what failed and how many did not. @returns the worst status */
async function runAll(
  groups: readonly (readonly string[])[],
  env: Readonly<Record<string, string>>,
): Promise<number> {
  let counts = NO_COUNTS;
  let worst = 0;
  const failures: string[] = [];
  const failureIn = failureReader();
  for (const files of groups) {
    const onLine = (line: string): void => {
      counts = addCounts(counts, countsIn(line));
      const failure = failureIn(line);
      if (failure !== null) failures.push(failure);
    };
    worst = Math.max(worst, await deno(["test", "-A", "--no-check", ...files], onLine, env));
  }
  for (const failure of failures) console.log(`failed: ${failure}`);
  console.log(countsLine(counts));
  return worst;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
