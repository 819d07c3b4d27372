import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { BLOCKED_SIGNALS, INFO_VARIABLE } from "runtime/host/info_block.ts";
import { inTempDirAsync } from "tests/support/temp_dir.ts";

/** What tests/support/build_probe.ts writes. */
interface Report {
  readonly build: { readonly link: string; readonly entryStub: boolean; readonly commit: string };
  readonly argv0: string;
  readonly argv: readonly string[];
  readonly environ: readonly string[];
  readonly home: string | null;
  readonly nofile: readonly [string, string];
  readonly signalMask: string;
  readonly ignoredSignals: string;
  readonly cwd: { readonly fd: number | null; readonly path: string | null };
  readonly closedStdio: readonly boolean[];
  readonly signalsBlocked: boolean;
  readonly engineArgs: readonly string[];
  readonly engineEnviron: readonly string[];
  readonly engineCwd: string;
  readonly threadMasks: readonly string[];
  readonly pending: string;
  readonly files: readonly string[];
  readonly rawMappings: readonly boolean[];
}

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function shell(script: string, env: Record<string, string> = {}): Promise<Outcome> {
  const command = new Deno.Command("/bin/sh", { args: ["-c", script], env, stdin: "null" });
  const { code, stdout, stderr } = await command.output();
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

/** @returns what the build warned of */
async function buildInto(
  output: string,
  args: readonly string[],
  denort?: string,
): Promise<string> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "scripts/build.ts", `--output=${output}`, ...args],
    env: denort === undefined ? {} : { DENORT_BIN: denort },
  });
  const { success, stderr } = await command.output();
  const warnings = new TextDecoder().decode(stderr);
  assert(success, warnings);
  return warnings;
}

/** Runs shell lines, in which `$P` is the executable and `$R` the report's file, and reads the report. */
async function probe(folder: string, script: string): Promise<Report> {
  const [executable, file] = [`${folder}/ocirt`, `${folder}/report`];
  const { code, stdout, stderr } = await shell(`P=${executable} R=${file}\n${script}`);
  assertEquals({ code, stdout, stderr }, { code: 7, stdout: "", stderr: "" });
  const report = JSON.parse(await Deno.readTextFile(file)) as Report;
  await Deno.remove(file);
  return report;
}

const HOSTILE_ENVIRONMENT = [
  `${INFO_VARIABLE}=0x10`,
  "DENO_V8_FLAGS=--help",
  "DENO_LOG=debug",
  "RUST_LOG=debug",
  "RUST_BACKTRACE=full",
  "COMPLETE=bash",
  "DENO_CONNECTED=1",
  "DENO_UNSTABLE_CONTROL_SOCK=unix:/nonexistent",
  "DENO_PERMISSION_BROKER_PATH=/nonexistent",
  "NODE_CHANNEL_FD=1",
  "NODE_OPTIONS=--help",
  "OTEL_DENO=true",
  "FORCE_COLOR=1",
  "DENO_TLS_CA_STORE=nonsense",
  "DENO_CONDITIONS=x",
  "V8_FLAGS=--help",
];

async function checkArguments(folder: string): Promise<void> {
  const words = [
    "--",
    "--help",
    "-A",
    "--version",
    "--v8-flags=--help",
    "--inspect",
    "",
    "a b",
    "eval",
    "--seed=1",
  ];
  const quoted = words.map((word) => `'${word}'`).join(" ");
  const report = await probe(folder, `exec $P $R ${quoted} "$(printf 'x\\377\\303\\251')"`);
  assertEquals(report.argv.slice(1), [...words, "x\udcff\u00e9"]);
  assertEquals(report.engineArgs, []);
  assertEquals(report.build.entryStub, true);
  const named = await probe(
    folder,
    `ln -s $P ${folder}/node && (exec ${folder}/node $R); s=$?; rm ${folder}/node; exit $s`,
  );
  assertEquals(named.argv0, `${folder}/node`);
}

async function checkEnvironment(folder: string): Promise<void> {
  const empty = `${folder}/empty`;
  await Deno.mkdir(empty);
  const folders = ["HOME", "DENO_DIR", "TMPDIR", "XDG_CACHE_HOME", "DENO_COVERAGE_DIR"]
    .map((name) => `${name}=${empty}`);
  const hostile = [
    ...HOSTILE_ENVIRONMENT,
    ...folders,
    `DENO_AUDIT_PERMISSIONS=${folder}/precious`,
  ];
  await Deno.writeTextFile(`${folder}/precious`, "kept");
  const report = await probe(folder, `exec env -i ${hostile.join(" ")} $P $R`);
  assertEquals(report.environ.toSorted(), hostile.toSorted());
  assertEquals(report.home, empty);
  assertEquals(
    report.engineEnviron,
    [
      "DENO_DIR",
      "DENO_DISABLE_NODE_SHIM",
      "DENO_NO_UPDATE_CHECK",
      "HOME",
      "NO_COLOR",
      INFO_VARIABLE,
    ],
  );
  assertEquals([...Deno.readDirSync(empty)], []);
  assertEquals(await Deno.readTextFile(`${folder}/precious`), "kept");
  assertEquals((await probe(folder, "exec env -i $P $R")).environ, []);
}

async function checkFolder(folder: string): Promise<void> {
  const inside = await probe(folder, "cd /usr/bin && exec $P $R");
  assertEquals([inside.engineCwd, inside.cwd.path], ["/", "/usr/bin"]);
  assert(inside.cwd.fd !== null && inside.cwd.fd > 2, "the folder is kept as a descriptor");
  assert(inside.files.includes(`${inside.cwd.fd} /usr/bin`), inside.files.join(", "));
  const gone = `mkdir ${folder}/gone && cd ${folder}/gone && rmdir ${folder}/gone`;
  const deleted = await probe(folder, `${gone} && exec $P $R`);
  assertEquals(deleted.cwd.path, null);
  assert(deleted.files.includes(`${deleted.cwd.fd} ${folder}/gone (deleted)`), "it is kept");
}

async function checkDescriptors(folder: string): Promise<void> {
  const closed = await probe(folder, "exec $P $R <&- >&- 2>&-");
  assertEquals(closed.closedStdio, [true, true, true]);
  assert(closed.cwd.fd !== null && closed.cwd.fd > 2, "0 to 2 stay free");
  const half = await probe(folder, "exec $P $R <&-");
  assertEquals(half.closedStdio, [true, false, false]);
  const few = await probe(folder, "ulimit -S -n 20; ulimit -H -n 300; exec $P $R");
  assertEquals(few.nofile, ["20", "300"]);
}

function bits(...signals: readonly number[]): bigint {
  return signals.reduce((mask, signal) => mask | 1n << BigInt(signal - 1), 0n);
}

/** SIGUSR2 and SIGTERM: the caller of this test may have others ignored. */
const TRAPPED = bits(12, 15);

/** All but SIGKILL and SIGSTOP: so the C library makes a thread, which takes on its own mask a moment later. */
const BEING_MADE = "fffffffffffbfeff";

async function checkSignals(folder: string): Promise<void> {
  const report = await probe(folder, "trap '' USR2 TERM; exec $P $R");
  const mask = BLOCKED_SIGNALS.toString(16).padStart(16, "0");
  assertEquals(report.threadMasks.filter((it) => it !== BEING_MADE), [mask]);
  assertEquals(report.signalMask, "0");
  const ignored = (seen: Report): bigint => BigInt(`0x${seen.ignoredSignals}`) & TRAPPED;
  assertEquals(ignored(report), TRAPPED);
  assertEquals(ignored(await probe(folder, "exec $P $R")), 0n);
  // What the probe sends to itself: SIGTERM, SIGHUP, SIGUSR1, SIGWINCH.
  const sent = bits(15, 1, 10, 28);
  assertEquals(BigInt(`0x${report.pending}`) & sent, sent);
}

async function checkSurroundings(folder: string): Promise<void> {
  const alone = await probe(folder, "exec unshare -n $P $R");
  assertEquals(alone.build.commit, "test");
  assertEquals(alone.rawMappings, [true, true]);
  const bare = "mount -t tmpfs -o ro none /root && mount -t tmpfs -o ro none /var/tmp";
  const homeless = await probe(folder, `exec unshare -m sh -c '${bare} && exec '$P' '$R`);
  assertEquals(homeless.engineCwd, "/");
}

for (const variant of ["--prelink", "--no-prelink"]) {
  Deno.test(`an executable embedded with ${variant} is its caller's alone`, (t) =>
    inTempDirAsync(async (folder) => {
      const options = ["--link=embed", variant, "--main=tests/support/build_probe.ts"];
      await buildInto(`${folder}/ocirt`, [...options, "--version-commit=test"]);
      await t.step("it gets every argument as it was given", () => checkArguments(folder));
      await t.step("no variable of the environment sways it", () => checkEnvironment(folder));
      await t.step("it starts in any folder and keeps it", () => checkFolder(folder));
      await t.step("it knows limits and closed descriptors", () => checkDescriptors(folder));
      await t.step("signals are blocked in every thread and wait", () => checkSignals(folder));
      await t.step(
        "it needs no network, no home, no library for system calls",
        () => checkSurroundings(folder),
      );
    }));
}

Deno.test("deno compile keeps the entry stub of its base", () =>
  inTempDirAsync(async (folder) => {
    // Deno as its own base ends up as the interactive deno: with the stub's environment it has no place for its history.
    const warnings = await buildInto(
      `${folder}/ocirt`,
      ["--link=compile", "--main=tests/support/build_probe.ts"],
      Deno.execPath(),
    );
    assertStringIncludes(warnings, `${Deno.execPath()} does not look like a denort`);
    const { code, stderr } = await shell(`exec ${folder}/ocirt --version`, { DENO_DIR: folder });
    assertEquals(code, 1);
    assertStringIncludes(stderr, "history file: /dev/null/x");
  }));
