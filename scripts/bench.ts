/**
 * Compares `./ocirt` with runc and crun, where they are installed, and with an empty program in the same engine:
 *
 *     deno task bench [--runs N]
 *
 * The contenders take turns (A B C A B C ...), so that what else the machine does hits all of them alike; what is compared are the
 * medians and minima of one run of this program. Needs root. Prints a table, and writes everything to bench.json.
 */
import { findProgram } from "./test/find_program.ts";
import { setChildSubreaper } from "syscalls/libc/process.ts";
import { makeRootfs } from "tests/support/bundle.ts";
import {
  type Contender,
  HIDE_UNIFIED,
  measureExec,
  measureLifecycle,
  measureRun,
  measureState,
  prepareContender,
  proportionalSetSize,
  removeCgroups,
  withCreated,
} from "./bench/contender.ts";
import { lowestMemory, writeTiny } from "./bench/memory_limit.ts";
import { silence, timed } from "./bench/processes.ts";
import { summarize, type Summary, table } from "./bench/statistics.ts";

const OCIRT = new URL("../ocirt", import.meta.url).pathname;
const REPORT = new URL("../bench.json", import.meta.url);
const PEERS = ["runc", "crun"];
const DEFAULT_RUNS = 100;
/** The first ones of each are slower: files come into the page cache. */
const WARM_UP = 3;

type Samples = Map<string, number[]>;

interface Results {
  readonly empty: number[];
  readonly wrapper: number[];
  readonly run: Samples;
  readonly lifecycle: Samples;
  readonly state: Samples;
  readonly exec: Samples;
  /** KB. */
  readonly memory: Samples;
}

function runsOf(args: readonly string[]): number {
  if (args.length === 0) return DEFAULT_RUNS;
  const [, number] = /^--runs[= ](\d+)$/.exec(args.join(" ")) ?? [];
  if (number !== undefined && Number(number) > 0) return Number(number);
  throw new Error(`Cannot bench with ${args.join(" ")}; usage: deno task bench [--runs N]`);
}

function isHybrid(): boolean {
  return / \/sys\/fs\/cgroup\/unified cgroup2 /.test(Deno.readTextFileSync("/proc/mounts"));
}

async function build(args: readonly string[]): Promise<void> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", new URL("build.ts", import.meta.url).pathname, ...args],
    cwd: new URL("../", import.meta.url),
  });
  const { success } = await command.spawn().status;
  if (!success) throw new Error(`Cannot bench: the build of ${args.join(" ") || "ocirt"} failed`);
}

function prepareAll(folder: string): Contender[] {
  const rootfs = `${folder}/rootfs`;
  makeRootfs(rootfs);
  const prepare = (name: string, program: string, wrapper: readonly string[] = []): Contender =>
    prepareContender({ name, program, wrapper, folder, rootfs });
  const contenders = [prepare("ocirt", OCIRT)];
  for (const name of PEERS) {
    const program = findProgram(name);
    if (program === null) console.log(`Without ${name}: it is not installed`);
    else contenders.push(prepare(name, program, name === "crun" && isHybrid() ? HIDE_UNIFIED : []));
  }
  return contenders;
}

function emptySamples(contenders: readonly Contender[]): Samples {
  return new Map(contenders.map(({ name }) => [name, []]));
}

/** Everything in turns, once. */
function measureOnce(contenders: readonly Contender[], empty: string, results: Results): void {
  const wrapper = contenders.find((it) => it.wrapper !== null)?.wrapper ?? null;
  results.empty.push(timed([empty]));
  if (wrapper !== null) results.wrapper.push(timed(wrapper) - timed(["/bin/true"]));
  const inTurn = (samples: Samples, measure: (contender: Contender) => number): void => {
    for (const it of contenders) samples.get(it.name)?.push(measure(it));
  };
  inTurn(results.run, measureRun);
  inTurn(results.lifecycle, measureLifecycle);
  for (const it of contenders) {
    withCreated(it, (init) => {
      results.memory.get(it.name)?.push(proportionalSetSize(init));
      results.state.get(it.name)?.push(measureState(it));
      results.exec.get(it.name)?.push(measureExec(it));
    });
  }
}

function newResults(contenders: readonly Contender[]): Results {
  const samples = (): Samples => emptySamples(contenders);
  return {
    empty: [],
    wrapper: [],
    run: samples(),
    lifecycle: samples(),
    state: samples(),
    exec: samples(),
    memory: samples(),
  };
}

function measureAll(contenders: readonly Contender[], empty: string, runs: number): Results {
  setChildSubreaper();
  using _silence = silence();
  const warmUp = newResults(contenders);
  for (let run = 0; run < WARM_UP; run++) measureOnce(contenders, empty, warmUp);
  const results = newResults(contenders);
  for (let run = 0; run < runs; run++) measureOnce(contenders, empty, results);
  return results;
}

/** What is measured of each contender: its name, and how many programs it starts, whose wrappers are taken off. */
const ROWS = [
  { what: "run", label: "run true", unit: "ms", programs: 1 },
  { what: "lifecycle", label: "create + start + delete", unit: "ms", programs: 3 },
  { what: "exec", label: "exec true", unit: "ms", programs: 1 },
  { what: "state", label: "state", unit: "ms", programs: 1 },
  { what: "memory", label: "memory of a created container", unit: "KB", programs: 0 },
] as const;

type Summaries = Record<string, Record<string, Summary>>;

function summarizeAll(contenders: readonly Contender[], results: Results): Summaries {
  // The median for minima too: the least difference of two noisy times means nothing.
  const off = results.wrapper.length === 0 ? 0 : summarize(results.wrapper).median;
  return Object.fromEntries(ROWS.map(({ what, programs }) => [
    what,
    Object.fromEntries(contenders.map(({ name, wrapper }) => {
      const { median, minimum, count } = summarize(results[what].get(name) ?? []);
      const times = wrapper === null ? 0 : programs;
      return [name, {
        median: median - times * off,
        minimum: minimum - times * off,
        count,
      }];
    })),
  ]));
}

function printTable(contenders: readonly Contender[], summaries: Summaries, empty: Summary): void {
  const peers = contenders.slice(1).map(({ name }) => name);
  const head = ["median / minimum", ...contenders.map(({ name }) => name)];
  const rows = ROWS.map(({ what, label, unit }) => {
    const cell = (name: string): string => {
      const { median = NaN, minimum = NaN } = summaries[what]?.[name] ?? {};
      return `${median.toFixed(1)} / ${minimum.toFixed(1)}`;
    };
    const ratio = (name: string): string => {
      const own = summaries[what]?.["ocirt"]?.median ?? NaN;
      return (own / (summaries[what]?.[name]?.median ?? NaN)).toPrecision(2);
    };
    const cells = contenders.map(({ name }) => cell(name));
    return [`${label} (${unit})`, ...cells, ...peers.map(ratio)];
  });
  console.log(table([[...head, ...peers.map((name) => `ocirt:${name}`)], ...rows]));
  const over = (what: string): string => {
    const { median = NaN, minimum = NaN } = summaries[what]?.["ocirt"] ?? {};
    return `${(median - empty.median).toFixed(1)} / ${(minimum - empty.minimum).toFixed(1)}`;
  };
  const floor = `${empty.median.toFixed(1)} / ${empty.minimum.toFixed(1)}`;
  console.log(`\nAn empty program in the same engine takes ${floor} ms.`);
  console.log(`What ocirt adds to it: run ${over("run")} ms, state ${over("state")} ms.`);
}

function printLimits(limits: Readonly<Record<string, number | null>>): void {
  const told = Object.entries(limits).map(([name, limit]) =>
    `${name} ${limit === null ? "none that was tried" : `${limit} KB`}`
  );
  console.log(`The smallest memory.limit that runs a tiny static program: ${told.join(", ")}.`);
}

function printNotes(results: Results): void {
  if (results.wrapper.length === 0) return;
  const { median } = summarize(results.wrapper);
  console.log(
    `crun refuses this host's mixed cgroup layout; it ran in a mount namespace without /sys/fs/cgroup/unified, and the ${
      median.toFixed(1)
    } ms that making one takes are taken off each of its commands.`,
  );
}

async function bench(runs: number): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "ocirt-bench-" });
  const contenders: Contender[] = [];
  try {
    await build([]);
    const empty = `${folder}/empty`;
    await build(["--main=tests/bench/empty.ts", `--output=${empty}`]);
    contenders.push(...prepareAll(folder));
    console.log(`${runs} runs, in turns`);
    const results = measureAll(contenders, empty, runs);
    const rootfs = `${folder}/rootfs`;
    writeTiny(rootfs);
    const memoryLimit = Object.fromEntries(
      contenders.map((it) => [it.name, lowestMemory(it, rootfs)]),
    );
    const summaries = summarizeAll(contenders, results);
    printTable(contenders, summaries, summarize(results.empty));
    printLimits(memoryLimit);
    printNotes(results);
    const host = { kernel: Deno.osRelease(), arch: Deno.build.arch, engine: Deno.version.deno };
    const report = { host, runs, empty: summarize(results.empty), memoryLimit, ...summaries };
    await Deno.writeTextFile(REPORT, `${JSON.stringify(report, null, 2)}\n`);
  } finally {
    removeCgroups(contenders.map(({ name }) => name));
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) {
  try {
    await bench(runsOf(Deno.args));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(1);
  }
}
