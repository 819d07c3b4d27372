import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { messageOf, OCIRT, type Result, runProgram } from "tests/support/ocirt.ts";
import { type Container, containerTest, type Stage } from "tests/support/stage.ts";

/** Runs shell lines in which `$P` is the executable, `$ROOT` the state root, `$B` a bundle. */
function shell(stage: Stage, script: string, c?: Container): Result {
  const env = { P: OCIRT, ROOT: stage.root, B: c?.bundle ?? "", ID: c?.id ?? "" };
  return runProgram(["/bin/sh", "-c", script], { env, cwd: stage.dir });
}

containerTest(
  "a link named runc goes through a container's life as containerd calls it",
  (stage) => {
    const runc = `${stage.dir}/runc`;
    Deno.symlinkSync(OCIRT, runc);
    const c = stage.container((config) => config.process.args = ["sh", "-c", "exit 3"]);
    const [pidFile, log] = [`${stage.dir}/init.pid`, `${stage.dir}/log.json`];
    const globals = ["--root", stage.root, "--log", log, "--log-format", "json"];
    const call = (...args: string[]): Result => runProgram([runc, ...globals, ...args]);
    const silent = { code: 0, stdout: "", stderr: "" };
    assertEquals(call("create", "--bundle", c.bundle, "--pid-file", pidFile, c.id), silent);
    assertEquals(
      JSON.parse(call("state", c.id).stdout).pid,
      Number(Deno.readTextFileSync(pidFile)),
    );
    assertEquals(call("start", c.id), silent);
    c.await("stopped");
    assertEquals(call("kill", "--all", c.id, "9"), silent);
    assertEquals(call("delete", c.id), silent);
    const failed = call("delete", c.id);
    assertEquals([failed.code, failed.stderr], [1, "container does not exist\n"]);
    const { level, msg } = JSON.parse(Deno.readTextFileSync(log));
    assertEquals([level, msg], ["error", "container does not exist"]);
  },
);

containerTest("a link named runc puts that name into its failures and its template", (stage) => {
  const runc = `${stage.dir}/runc`;
  Deno.symlinkSync(OCIRT, runc);
  const c = stage.container((config) => config.process.args = ["none"]);
  const failed = runProgram([runc, "--root", stage.root, "run", "-b", c.bundle, c.id]);
  assertMatch(messageOf(failed), /^runc run failed: unable to start container process: /);
  assertEquals(runProgram([runc, "spec"], { cwd: stage.dir }).code, 0);
  assertEquals(JSON.parse(Deno.readTextFileSync(`${stage.dir}/config.json`)).hostname, "runc");
});

containerTest("a copy of the executable works from where it is", (stage) => {
  const copy = `${stage.dir}/elsewhere`;
  Deno.copyFileSync(OCIRT, copy);
  Deno.chmodSync(copy, 0o755);
  const c = stage.container((config) => config.process.args = ["echo", "hello"]);
  assertEquals(runProgram([copy, "--root", stage.root, "run", "-b", c.bundle, c.id]), {
    code: 0,
    stdout: "hello\n",
    stderr: "",
  });
});

/** Runs a peer's default configuration, changed in nothing but that it has no terminal, and lets its shell speak. */
function runDefault(stage: Stage, text: string): string {
  const changed = text.replace(/"terminal":\s*true/, '"terminal": false');
  assert(changed !== text, "the default configuration has a terminal");
  Deno.writeTextFileSync(`${stage.dir}/config.json`, changed);
  // The cgroup is called like the container: by a name that no other test on this host has.
  const result = runProgram([OCIRT, "--root", stage.root, "run", stage.cgroup.slice(1)], {
    cwd: stage.dir,
    stdin: "hostname; echo $$; id -u; exit 4\n",
  });
  assertEquals(result.code, 4, result.stderr);
  return result.stdout;
}

for (const [peer, version] of [["runc", "1.1.5"], ["crun", "1.8.1"]]) {
  containerTest(`the bundle that ${peer} ${version} writes runs, but for the terminal`, (stage) => {
    const fixture = new URL(`../fixtures/spec/${peer}-${version}.json`, import.meta.url);
    assertEquals(runDefault(stage, Deno.readTextFileSync(fixture)), `${peer}\n1\n0\n`);
  });
}

containerTest("the bundle that this host's runc writes runs, but for the terminal", (stage) => {
  assertEquals(runProgram(["runc", "spec"], { cwd: stage.dir }).code, 0);
  const text = Deno.readTextFileSync(`${stage.dir}/config.json`);
  assertEquals(runDefault(stage, text), "runc\n1\n0\n");
}, "runc");

containerTest("--bundle and --pid-file are taken from the caller's folder", (stage) => {
  const c = stage.container();
  const script = '"$P" --root state create --bundle "$ID" --pid-file pid "$ID"';
  assertEquals(shell(stage, script, c), { code: 0, stdout: "", stderr: "" });
  assertEquals(c.state()["bundle"], c.bundle);
  assertEquals(Deno.readTextFileSync(`${stage.dir}/pid`), String(c.state().pid));
});

containerTest("a deleted working directory hinders nothing but relative paths", (stage) => {
  const c = stage.container((config) => config.process.args = ["echo", "hello"]);
  const gone = "mkdir gone && cd gone && rmdir ../gone && ";
  const ran = shell(stage, `${gone} "$P" --root "$ROOT" run --bundle "$B" "$ID"`, c);
  assertEquals(ran, { code: 0, stdout: "hello\n", stderr: "" });
  const relative = shell(stage, `${gone} "$P" --root "$ROOT" run --bundle there "$ID"`, c);
  assertEquals(relative.code, 1);
  assertMatch(messageOf(relative), /Cannot resolve "there": the working directory is deleted/);
});

containerTest("closed standard input, output and error change no result", (stage) => {
  const c = stage.container((config) => config.process.args = ["sh", "-c", "exit 6"]);
  for (const closed of ["<&-", ">&-", "2>&-", "<&- >&-", "<&- >&- 2>&-"]) {
    const { code } = shell(stage, `"$P" --root "$ROOT" run --bundle "$B" "$ID" ${closed}`, c);
    assertEquals([closed, code], [closed, 6]);
  }
  const failed = shell(stage, '"$P" --root "$ROOT" state none <&- >&- 2>&-');
  assertEquals([failed.code, failed.stderr], [1, ""]);
});

containerTest(
  "what is closed for the runtime is not some file of its own for the program",
  (stage) => {
    const c = stage.container((config) => config.process.args = ["sleep", "1000"]);
    const { code } = shell(stage, '"$P" --root "$ROOT" run -d --bundle "$B" "$ID" <&- >&- 2>&-', c);
    assertEquals(code, 0);
    const { pid } = c.state();
    for (const { name } of Array.from(Deno.readDirSync(`/proc/${pid}/fd`))) {
      const target = Deno.readLinkSync(`/proc/${pid}/fd/${name}`);
      assert(target === "/dev/null" || target === "/null", `${name} is ${target}`);
    }
  },
);

containerTest("no environment at all, or a hostile one, changes nothing", (stage) => {
  const c = stage.container((config) => config.process.args = ["env"]);
  const clean = shell(stage, 'env -i "$P" --root "$ROOT" run --bundle "$B" "$ID"', c);
  assertEquals([clean.code, clean.stderr], [0, ""]);
  assertStringIncludes(clean.stdout, "PATH=/usr/local/sbin");
  const hostile = "DENO_V8_FLAGS=--help DENO_LOG=debug NODE_OPTIONS=--x HOME=/none TMPDIR=/none " +
    "LD_BIND_NOW=1 DENO_DIR=/none LANG=xx_XX COMPLETE=bash OTEL_DENO=true NO_COLOR= FORCE_COLOR=1";
  const dirty = shell(stage, `env -i ${hostile} "$P" --root "$ROOT" run --bundle "$B" "$ID"`, c);
  assertEquals(dirty, clean);
});

containerTest(
  "the default state root is the runtime's own, and XDG_RUNTIME_DIR is not for root",
  (stage) => {
    const c = stage.container();
    const script = 'XDG_RUNTIME_DIR="$PWD/xdg" "$P" run --bundle "$B" "ocirt-test-$ID-$$"; ls xdg';
    const { stderr } = shell(stage, `mkdir xdg; ${script}`, c);
    assertEquals(stderr, "");
    assertEquals(Array.from(Deno.readDirSync(`${stage.dir}/xdg`)), []);
  },
);

containerTest(
  "arguments that are not UTF-8 are refused as ids, and told without garbage",
  (stage) => {
    const result = shell(stage, '"$P" --root "$ROOT" state "$(printf \'x\\377\')"');
    assertEquals([result.code, result.stdout], [1, ""]);
    assertMatch(messageOf(result), /^invalid container ID format/);
  },
);

containerTest(
  "a bundle whose folder's name is not UTF-8 is refused with the byte shown",
  (stage) => {
    const script =
      'D="$(printf \'d\\377\')"; mv "$B" "$D"; "$P" --root "$ROOT" run -b "$D" "$ID"; ' +
      's=$?; mv "$D" "$B"; exit $s';
    const result = shell(stage, script, stage.container());
    assertEquals([result.code, result.stdout], [1, ""]);
    assertMatch(result.stderr, /Cannot use bundle .*\/d\\xff: ENOENT/);
  },
);

containerTest("a command of sandbox gets bytes that are not UTF-8 as they are", (stage) => {
  const script = '"$P" --root "$ROOT" sandbox -- /bin/sh -c \'printf %s "$1" | od -An -tx1\' sh ' +
    "\"$(printf '\\377\\303\\251')\"";
  assertEquals(shell(stage, script), { code: 0, stdout: " ff c3 a9\n", stderr: "" });
});

containerTest(
  "nothing is written outside the state root and the bundle stays as it is",
  (stage) => {
    const c = stage.container((config) => config.process.args = ["true"]);
    const home = `${stage.dir}/home`;
    Deno.mkdirSync(home);
    const places = [
      "HOME",
      "TMPDIR",
      "DENO_DIR",
      "XDG_CACHE_HOME",
      "XDG_CONFIG_HOME",
      "XDG_STATE_HOME",
    ];
    const env = Object.fromEntries(places.map((name) => [name, home]));
    const before = Deno.readTextFileSync(`${c.bundle}/config.json`);
    const result = runProgram([OCIRT, "--root", stage.root, "run", "-b", c.bundle, c.id], { env });
    assertEquals(result.code, 0);
    assertEquals(Array.from(Deno.readDirSync(home)), []);
    assertEquals(Array.from(Deno.readDirSync(c.bundle), ({ name }) => name), ["config.json"]);
    assertEquals(Deno.readTextFileSync(`${c.bundle}/config.json`), before);
  },
);
