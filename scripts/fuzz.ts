/**
 * Gives the program inputs that are wrong in every way, and looks whether it answers each with success or with one clear error, ends,
 * and leaves nothing behind:
 *
 *     deno task fuzz [--seed N] [--cases N] [--kind KIND]... [--replay FILE]
 *
 * An input that shows a fault is made smaller and written to fuzz-findings/, for --replay. docs/fuzzing.md says what each kind is.
 */
import type { Finding } from "tests/fuzz/kind.ts";
import { kindNamed, KINDS } from "tests/fuzz/kinds.ts";
import { runCases } from "tests/fuzz/loop.ts";
import { startSandbox } from "tests/fuzz/sandbox.ts";
import { type FuzzOptions, parseFuzzOptions, TellError } from "tests/fuzz/options.ts";
import { findProgram } from "./test/find_program.ts";

const ROOT = new URL("../", import.meta.url).pathname.replace(/\/$/, "");
const FINDINGS = `${ROOT}/fuzz-findings`;

/** In the sandbox. */
const SHARED = "/findings";

/** A case that takes so long, in milliseconds, has hung in a way that it could not see itself. */
const PATIENCE = 120_000;

async function inside(options: FuzzOptions): Promise<number> {
  if (options.replay !== null) return await replay(options.replay);
  const { seed, cases } = options;
  let findings = 0;
  for (const { name, share } of KINDS) {
    if (!options.kinds.includes(name)) continue;
    const kind = await kindNamed(name, `/tmp/${name}`);
    const report = await runCases(kind, {
      seed,
      cases: Math.ceil(cases * share),
      beat: (what, index) => Deno.writeTextFileSync(`${SHARED}/current`, `${what} ${index}`),
      found: tell,
    });
    findings += report.findings;
    const time = `${report.seconds.toFixed(1)} s`;
    console.log(
      `${name}: ${report.cases} cases, ${report.findings} findings, ${time}: ${report.ends}`,
    );
  }
  return findings === 0 ? 0 : 1;
}

function tell(finding: Finding): void {
  const { kind, seed, case: index, fault } = finding;
  const name = `${kind}-${seed}-${index}.json`;
  Deno.writeTextFileSync(`${SHARED}/${name}`, `${JSON.stringify(finding, null, 2)}\n`);
  console.log(`${kind}: case ${index} of seed ${seed}: ${fault.rule}: ${fault.text}`);
  console.log(`  deno task fuzz --replay fuzz-findings/${name}`);
}

async function replay(file: string): Promise<number> {
  const { kind, input } = JSON.parse(Deno.readTextFileSync(file)) as Finding;
  const known = KINDS.find(({ name }) => name === kind);
  if (known === undefined) throw new TellError(`Cannot replay ${file}: "${kind}" is no kind`);
  const fault = await (await kindNamed(known.name, `/tmp/${kind}`)).run(input);
  console.log(fault === null ? "nothing is wrong any more" : `${fault.rule}: ${fault.text}`);
  return fault === null ? 0 : 1;
}

async function outside(options: FuzzOptions): Promise<number> {
  if (Deno.uid() !== 0) {
    throw new TellError("Cannot fuzz: EPERM (Operation not permitted); hint: sandboxes need root");
  }
  for (const program of ["unshare", "setpriv", "busybox"]) {
    if (findProgram(program) !== null) continue;
    throw new TellError(
      `Cannot fuzz: ${program} is not there; hint: apt-get install util-linux busybox-static`,
    );
  }
  if (options.replay === null) {
    console.log(`seed ${options.seed}, ${options.cases} cases of ${options.kinds.join(", ")}`);
  }
  const shared = Deno.makeTempDirSync({ prefix: "ocirt-fuzz-findings-" });
  try {
    return await inSandbox(options, shared);
  } finally {
    keepFindings(shared);
    Deno.removeSync(shared, { recursive: true });
  }
}

async function inSandbox(options: FuzzOptions, shared: string): Promise<number> {
  const args = ["--inside", "--seed", options.seed, "--cases", options.cases].map(String);
  for (const kind of options.kinds) args.push("--kind", kind);
  if (options.replay !== null) {
    Deno.copyFileSync(options.replay, `${shared}/replay`);
    args.push("--replay", `${SHARED}/replay`);
  }
  const deno = Deno.execPath();
  const cache = cacheFolder();
  const script = 'cd "$1" && export DENO_DIR="$2" && shift 2 && exec "$@"';
  const run = [deno, "run", "-A", "-q", "--no-check", "--cached-only", "scripts/fuzz.ts", ...args];
  const sandbox = startSandbox({
    shown: [deno.slice(0, deno.lastIndexOf("/")), ROOT],
    copied: [cache],
    findings: shared,
    command: ["sh", "-c", script, "sh", ROOT, cache, ...run],
  });
  const watcher = setInterval(() => watch(shared, () => sandbox.end()), 5000);
  const interrupted = (): void => sandbox.end();
  Deno.addSignalListener("SIGINT", interrupted);
  Deno.addSignalListener("SIGTERM", interrupted);
  try {
    const { code, signal } = await sandbox.status;
    return signal === null ? code : 1;
  } finally {
    clearInterval(watcher);
    Deno.removeSignalListener("SIGINT", interrupted);
    Deno.removeSignalListener("SIGTERM", interrupted);
    sandbox.remove();
  }
}

function cacheFolder(): string {
  const given = Deno.env.get("DENO_DIR");
  if (given !== undefined && given !== "") return given;
  return `${Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME")}/.cache`}/deno`;
}

/** Ends a run that does not get on. */
function watch(shared: string, end: () => void): void {
  let current: string;
  let changed: number;
  try {
    current = Deno.readTextFileSync(`${shared}/current`);
    changed = Deno.statSync(`${shared}/current`).mtime?.getTime() ?? 0;
  } catch {
    return;
  }
  if (Date.now() - changed < PATIENCE) return;
  console.log(`hang: kind and case ${current}`);
  end();
}

function keepFindings(shared: string): void {
  const names = Array.from(Deno.readDirSync(shared), ({ name }) => name);
  for (const name of names.filter((it) => it.endsWith(".json"))) {
    Deno.mkdirSync(FINDINGS, { recursive: true });
    Deno.copyFileSync(`${shared}/${name}`, `${FINDINGS}/${name}`);
  }
}

async function main(args: readonly string[]): Promise<number> {
  try {
    const options = parseFuzzOptions(args);
    return await (options.inside ? inside(options) : outside(options));
  } catch (error) {
    if (!(error instanceof TellError)) throw error;
    console.error(error.message);
    return 2;
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
