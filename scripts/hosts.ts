/**
 * Runs the tests with the kernel on other hosts, one after the other, and ends with a table:
 *
 *     OCIRT_HOST_RUNNER="PROGRAM ARGUMENT..." deno task hosts [HOST...] [FILE|FOLDER...]
 *
 * A host is KERNEL/CGROUP/INIT, as in uml-sid/v2/systemd. docs/hosts.md says what else PROGRAM is called with, and has to do.
 */
import { table } from "./bench/statistics.ts";
import { DEFAULT_HOSTS, type Host, hostName, parseHost } from "./hosts/host.ts";
import {
  hasNotBooted,
  type HostReport,
  isGood,
  reportNotes,
  ReportReader,
  reportRows,
} from "./hosts/report.ts";
import { makeShare, RUN_TESTS } from "./hosts/share.ts";
import { findProgram } from "./test/find_program.ts";
import { follow } from "./test/follow.ts";

const ROOT = new URL("../", import.meta.url);
const RUNNER = "OCIRT_HOST_RUNNER";
/** The status where not one of the hosts came to run a test: that says nothing of the project. */
const NOT_BOOTED = 3;

/** Of one host, from its start to its end. */
const TIMEOUT = 1800;

/** The program that boots hosts, and its first arguments. */
function runnerCommand(): Run["runner"] {
  const [name = "", ...args] = (Deno.env.get(RUNNER) ?? "").trim().split(/\s+/);
  const program = name.includes("/") ? name : findProgram(name);
  const fault = name === "" ? "is not set" : `names ${name}, which is not there`;
  if (name !== "" && program !== null && isFile(program)) return [program, ...args];
  throw new Error(
    `Cannot run tests on other hosts: ${RUNNER} ${fault}; hint: docs/hosts.md says what it has to name`,
  );
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** Makes `./ocirt`, and has deno get whatever the tests import, since hosts have no network. */
async function prepare(): Promise<void> {
  for (const args of [["check", "-q", "tests"], ["run", "-A", "scripts/build.ts"]]) {
    const status = await follow([Deno.execPath(), ...args], () => {}, { cwd: ROOT });
    if (status === 0) continue;
    throw new Error(`Cannot prepare the tests: deno ${args.join(" ")} ended with status ${status}`);
  }
}

interface Run {
  readonly runner: readonly [string, ...string[]];
  readonly share: string;
  readonly tests: readonly string[];
}

async function runOn(host: Host, { runner, share, tests }: Run): Promise<HostReport> {
  console.log(`\n== ${hostName(host)} ==`);
  const { kernel, cgroup, init } = host;
  const machine = ["--kernel", kernel, "--cgroup", cgroup, "--init", init];
  const limits = ["--timeout", String(TIMEOUT), "--share", share];
  const command = ["sh", "-c", RUN_TESTS, "sh", share, ...tests];
  const reader = new ReportReader();
  const before = performance.now();
  const status = await follow(
    [...runner, ...machine, ...limits, "--", ...command],
    (line) => reader.line(line),
    { errors: true },
  );
  const seconds = (performance.now() - before) / 1000;
  return { host: hostName(host), status, seconds, ...reader.read() };
}

async function main(args: readonly string[]): Promise<number> {
  const runner = runnerCommand();
  const named = args.map(parseHost).filter((host) => host !== null);
  const paths = args.filter((arg) => parseHost(arg) === null);
  const hosts = named.length === 0 ? DEFAULT_HOSTS : named;
  const tests = paths.length === 0 ? ["tests/kernel"] : paths;
  await prepare();
  const share = await makeShare();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, () => {
      Deno.removeSync(share, { recursive: true });
      Deno.exit(1);
    });
  }
  const reports: HostReport[] = [];
  try {
    for (const host of hosts) reports.push(await runOn(host, { runner, share, tests }));
  } finally {
    await Deno.remove(share, { recursive: true });
  }
  console.log(`\n${table(reportRows(reports))}`);
  for (const note of reportNotes(reports)) console.log(note);
  if (reports.every(hasNotBooted)) {
    console.log(`No host could be booted by ${RUNNER}`);
    return NOT_BOOTED;
  }
  return reports.every(isGood) ? 0 : 1;
}

if (import.meta.main) {
  try {
    Deno.exit(await main(Deno.args));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    console.error(error.message);
    Deno.exit(1);
  }
}
