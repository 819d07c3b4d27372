import { assert, assertEquals, assertMatch } from "@std/assert";
import { messageOf, OCIRT, type Result, runProgram } from "tests/support/ocirt.ts";
import { exec, execSh, processFile, sleeper } from "tests/support/running.ts";
import { type Container, containerTest, type Stage } from "tests/support/stage.ts";

const QUIET: Result = { code: 0, stdout: "", stderr: "" };

function status(stage: Stage, c: Container, field: string, ...flags: string[]): string {
  const line = execSh(stage, c, `grep '^${field}:' /proc/self/status`, ...flags);
  return line.replace(/^\w+:\s*/, "").trimEnd();
}

containerTest("exec passes standard input, output, error and the exit status through", (stage) => {
  const c = sleeper(stage);
  const args = ["sh", "-c", "cat; echo error >&2; exit 7"];
  assertEquals(exec(stage, c, { args, stdin: "input" }), {
    code: 7,
    stdout: "input",
    stderr: "error\n",
  });
});

containerTest("a process that a signal ended gives 128 and the signal", (stage) => {
  const c = sleeper(stage);
  assertEquals(exec(stage, c, { args: ["sh", "-c", "kill -TERM $$"] }).code, 128 + 15);
  assertEquals(exec(stage, c, { args: ["sh", "-c", "kill -KILL $$"] }).code, 128 + 9);
});

containerTest("every failure of exec itself gives 255 and one sentence", (stage) => {
  const c = sleeper(stage);
  const stopped = stage.container().create().start().await("stopped");
  const failures: readonly (readonly [args: readonly string[], words: RegExp])[] = [
    [[c.id], /process args cannot be empty/],
    [["missing", "true"], /^exec failed: container does not exist$/],
    [["../c1", "true"], /invalid container ID format/],
    [[stopped.id, "true"], /^exec failed: cannot exec in a stopped container$/],
    [["--user", "root", c.id, "true"], /"root" is not uid or uid:gid in numbers/],
    [["--process", `${stage.dir}/none`, c.id], /none.*ENOENT/],
    [["--cwd", "relative", c.id, "true"], /relative/],
    [["--pid-file", `${stage.dir}/none/pid`, c.id, "true"], /none\/pid.*ENOENT/],
  ];
  for (const [args, words] of failures) {
    const result = stage.ocirt(["exec", ...args]);
    assertEquals([args, result.code, result.stdout], [args, 255, ""], result.stderr);
    assertMatch(messageOf(result), words);
  }
});

containerTest("a command line of exec that is none gives 1, as with any other command", (stage) => {
  const wrong: readonly (readonly [args: readonly string[], words: RegExp])[] = [
    [["--nonesuch", "c", "true"], /nonesuch/],
    [[], /"exec" requires a minimum of 1/],
    [["--preserve-fds", "x", "c", "true"], /preserve-fds/],
  ];
  for (const [args, words] of wrong) {
    const result = stage.ocirt(["exec", ...args]);
    assertEquals([args, result.code, result.stdout], [args, 1, ""], result.stderr);
    assertMatch(messageOf(result), words);
  }
});

containerTest(
  "a program that cannot be run is told in the words that callers look for",
  (stage) => {
    Deno.writeTextFileSync(`${stage.rootfs}/bin/data`, "", { mode: 0o644 });
    Deno.writeTextFileSync(`${stage.rootfs}/bin/broken`, "\x7fELF", { mode: 0o755 });
    const c = sleeper(stage);
    for (
      const [program, words] of [
        ["nonesuch", 'exec: "nonesuch": executable file not found in $PATH'],
        ["/none/such", 'exec: "/none/such": stat /none/such: no such file or directory'],
        ["/bin/data", 'exec: "/bin/data": permission denied'],
        ["data", 'exec: "data": permission denied'],
        ["/bin", 'exec: "/bin": is a directory'],
        ["/bin/broken", "exec /bin/broken: exec format error"],
        ["", 'exec: "": executable file not found in $PATH'],
      ] as const
    ) {
      for (const flags of [[], ["--detach"]]) {
        const result = exec(stage, c, { flags, args: [program] });
        assertEquals([program, result.code, result.stdout], [program, 255, ""]);
        assertMatch(messageOf(result), /^exec failed: /);
        assert(messageOf(result).includes(`: ${words}`), messageOf(result));
      }
    }
  },
);

containerTest(
  "a failure of exec is one line in the log file, and callers find it there",
  (stage) => {
    const c = sleeper(stage);
    const log = `${stage.dir}/log.json`;
    const args = ["--log", log, "--log-format", "json", "exec", c.id, "nonesuch"];
    assertEquals(stage.ocirt(args).code, 255);
    const { level, msg } = JSON.parse(Deno.readTextFileSync(log));
    assertEquals(level, "error");
    assertMatch(msg, /exec: "nonesuch": executable file not found in \$PATH$/);
  },
);

containerTest("what stands behind the id belongs to the command, flags and -- too", (stage) => {
  const c = sleeper(stage);
  const seen = (...args: string[]): string => exec(stage, c, { args }).stdout;
  assertEquals(seen("echo", "-e", "A=1", "--user", "x"), "A=1 --user x\n");
  assertEquals(seen("--", "echo", "one"), "one\n");
  assertEquals(seen("echo", "--", "one"), "-- one\n");
  assertEquals(seen("printf", "[%s]", "a b", "", "\u00fc", "$HOME"), "[a b][][\u00fc][$HOME]");
});

containerTest("exec works in a created container, before its program has begun", (stage) => {
  const c = stage.container((config) => config.process.args = ["true"]).create();
  assertEquals(execSh(stage, c, "cat /proc/1/comm"), "ocirt-init\n");
  assertEquals(c.state().status, "created");
  c.start().await("stopped");
  assertEquals(exec(stage, c, { args: ["true"] }).code, 255);
});

containerTest("--cwd is the working directory, else it is the container's", (stage) => {
  const c = sleeper(stage, (config) => config.process.cwd = "/etc");
  assertEquals(execSh(stage, c, "pwd"), "/etc\n");
  assertEquals(execSh(stage, c, "pwd", "--cwd", "/tmp"), "/tmp\n");
  const missing = exec(stage, c, { flags: ["--cwd", "/none"], args: ["true"] });
  assertEquals(missing.code, 255);
  assertMatch(
    messageOf(missing),
    /chdir to cwd \("\/none"\) set in config\.json failed: ENOENT \(no such file or directory\)$/,
  );
});

containerTest("--cwd cannot leave the container by a descriptor of the host's", (stage) => {
  const c = sleeper(stage);
  for (const fd of [3, 4, 5, 6, 7, 8, 9, 10, 20]) {
    const result = exec(stage, c, { flags: ["--cwd", `/proc/self/fd/${fd}`], args: ["pwd"] });
    assertEquals([fd, result.code, result.stdout], [fd, 255, ""]);
  }
});

containerTest(
  "--env adds to the container's variables, a later one wins, commas are content",
  (stage) => {
    const c = sleeper(stage, (config) => config.process.env = ["PATH=/bin", "A=1", "B=1"]);
    const flags = ["--env", "A=2", "-e", "C=x,y=z", "-e", "C=3", "--env=D=a b"];
    assertEquals(execSh(stage, c, 'echo "$A $B $C $D"', ...flags), "2 1 3 a b\n");
    assertEquals(execSh(stage, c, "env | grep -c ^A=", ...flags), "1\n");
  },
);

containerTest("PATH that --env gives is the one in which the program is looked up", (stage) => {
  Deno.mkdirSync(`${stage.rootfs}/opt`);
  Deno.writeTextFileSync(`${stage.rootfs}/opt/tool`, "#!/bin/sh\necho mine\n", { mode: 0o755 });
  const c = sleeper(stage);
  const result = exec(stage, c, { flags: ["--env", "PATH=/opt:/bin"], args: ["tool"] });
  assertEquals(result, { code: 0, stdout: "mine\n", stderr: "" });
});

containerTest("--user takes a uid, or uid and gid, in numbers", (stage) => {
  const c = sleeper(stage, (config) => {
    config.process.user = { uid: 7, gid: 8, additionalGids: [9] };
  });
  const ids = (...flags: string[]): string => execSh(stage, c, "echo $(id -u):$(id -g)", ...flags);
  assertEquals(ids(), "7:8\n");
  assertEquals(ids("--user", "1000"), "1000:8\n");
  assertEquals(ids("-u", "1000:1001"), "1000:1001\n");
  for (
    const user of [
      "root",
      "1000:",
      ":1000",
      "1000:users",
      "-1",
      "+1",
      "0x10",
      "1:2:3",
      " 1",
      "4294967295",
    ]
  ) {
    const result = exec(stage, c, { flags: [`--user=${user}`], args: ["true"] });
    assertEquals([user, result.code], [user, 255]);
    assertMatch(
      messageOf(result),
      /^exec failed: Cannot use flag --user: ".*" is not uid or uid:gid in numbers$/,
    );
  }
});

containerTest("an empty flag is as one that is not given", (stage) => {
  const c = sleeper(stage, (config) => config.process.cwd = "/etc");
  const flags = ["--user=", "--cwd=", "--process=", "--pid-file=", "--console-socket="];
  assertEquals(execSh(stage, c, "id -u; pwd", ...flags), "0\n/etc\n");
});

containerTest("--additional-gids adds to the container's groups", (stage) => {
  const c = sleeper(stage, (config) => {
    config.process.user = { uid: 0, gid: 0, additionalGids: [9] };
  });
  assertEquals(status(stage, c, "Groups"), "9");
  assertEquals(status(stage, c, "Groups", "--additional-gids", "12", "-g", "11"), "9 11 12");
});

containerTest("--cap adds to what the process may, and never to what it can hand on", (stage) => {
  const c = sleeper(stage, (config) => {
    config.process["capabilities"] = { bounding: ["CAP_KILL"], permitted: ["CAP_KILL"] };
    config.process["noNewPrivileges"] = false;
  });
  const sets = (...flags: string[]): (string | undefined)[] =>
    ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"].map((set) =>
      status(stage, c, set, ...flags).replace(/^0+(?=.)/, "")
    );
  assertEquals(sets(), ["0", "20", "20", "20", "0"]);
  // CAP_SYS_PTRACE is 19, CAP_NET_RAW 13.
  const more = (1 << 5 | 1 << 19 | 1 << 13).toString(16);
  assertEquals(sets("--cap", "CAP_SYS_PTRACE", "-c", "net_raw"), ["0", more, more, more, "0"]);
});

containerTest("--cap makes ambient what is inheritable already, and nothing else", (stage) => {
  const c = sleeper(stage, (config) => {
    const kill = ["CAP_KILL"];
    config.process["capabilities"] = { bounding: kill, permitted: kill, inheritable: kill };
    config.process.user = { uid: 1000, gid: 1000 };
  });
  const flags = ["--cap", "CAP_KILL", "--cap", "CAP_NET_RAW"];
  assertEquals(status(stage, c, "CapAmb", ...flags), "0000000000000020");
  assertEquals(status(stage, c, "CapInh", ...flags), "0000000000000020");
});

containerTest("--no-new-privs is set when asked for, or when the container has it", (stage) => {
  const without = sleeper(stage, (config) => config.process["noNewPrivileges"] = false);
  assertEquals(status(stage, without, "NoNewPrivs"), "0");
  assertEquals(status(stage, without, "NoNewPrivs", "--no-new-privs"), "1");
  assertEquals(status(stage, sleeper(stage), "NoNewPrivs"), "1");
});

containerTest(
  "--process has the whole process, and other flags of the process do not count",
  (stage) => {
    const c = sleeper(stage, (config) => config.process.env = ["PATH=/bin", "A=1"]);
    const file = processFile(stage, {
      args: ["sh", "-c", 'echo "$A$B $(id -u) $(pwd) $(ulimit -n)"'],
      env: ["PATH=/bin", "B=2"],
      user: { uid: 5, gid: 6 },
      cwd: "/etc",
      rlimits: [{ type: "RLIMIT_NOFILE", soft: 77, hard: 78 }],
    });
    const flags = ["--process", file, "--cwd", "/tmp", "--env", "A=3", "--user", "9"];
    assertEquals(exec(stage, c, { flags }), { code: 0, stdout: "2 5 /etc 77\n", stderr: "" });
  },
);

containerTest("--process may name a descriptor of the caller's, or standard input", (stage) => {
  const c = sleeper(stage);
  const file = processFile(stage, { args: ["echo", "from a file"] });
  for (const [words, redirect] of [["/dev/fd/9", `9<${file}`], ["/dev/stdin", `<${file}`]]) {
    const line = `exec "$0" --root ${stage.root} exec --process ${words} ${c.id} ${redirect}`;
    assertEquals(runProgram(["/bin/bash", "-c", line, OCIRT]), {
      code: 0,
      stdout: "from a file\n",
      stderr: "",
    });
  }
});

containerTest("a process file with faults is refused with their places", (stage) => {
  const c = sleeper(stage);
  const refusal = (properties: Record<string, unknown>): string => {
    const result = exec(stage, c, { flags: ["--process", processFile(stage, properties)] });
    assertEquals([result.code, result.stdout], [255, ""]);
    return messageOf(result);
  };
  assertMatch(refusal({}), /process\.json.*args/);
  assertMatch(refusal({ args: [] }), /args/);
  assertMatch(refusal({ args: ["true"], cwd: "x" }), /\/cwd/);
  assertMatch(refusal({ args: ["true"], env: "A=1" }), /\/env/);
  assertMatch(refusal({ args: ["true"], user: { uid: -1, gid: 0 } }), /\/user\/uid/);
  Deno.writeTextFileSync(`${stage.dir}/process.json`, "{");
  const result = exec(stage, c, { flags: ["--process", `${stage.dir}/process.json`] });
  assertEquals(result.code, 255);
  assertMatch(messageOf(result), /process\.json/);
});

containerTest(
  "--detach says nothing, returns at once, and leaves the pid without a newline",
  (stage) => {
    const c = sleeper(stage);
    const file = `${stage.dir}/pid`;
    const flags = ["--detach", "--pid-file", file];
    assertEquals(exec(stage, c, { flags, args: ["sleep", "1000"] }), QUIET);
    const pid = Deno.readTextFileSync(file);
    assertMatch(pid, /^[1-9][0-9]*$/);
    assertEquals(Deno.readTextFileSync(`/proc/${pid}/cmdline`), "sleep\0" + "1000\0");
    assertEquals(
      Deno.readLinkSync(`/proc/${pid}/ns/pid`),
      Deno.readLinkSync(`/proc/${c.state().pid}/ns/pid`),
    );
  },
);

containerTest("the pid file of a foreground exec is there while the process runs", (stage) => {
  const c = sleeper(stage);
  const file = `${stage.dir}/pid`;
  const result = exec(stage, c, { flags: ["--pid-file", file], args: ["sh", "-c", "exit 3"] });
  assertEquals(result, { code: 3, stdout: "", stderr: "" });
  assertMatch(Deno.readTextFileSync(file), /^[1-9][0-9]*$/);
});

containerTest("a pid file that cannot be written leaves no process behind", (stage) => {
  const c = sleeper(stage);
  const flags = ["--detach", "--pid-file", `${stage.dir}/none/pid`];
  assertEquals(exec(stage, c, { flags, args: ["sleep", "999"] }).code, 255);
  assertEquals(execSh(stage, c, "ps -o args | grep -c '[s]leep 999' || true"), "0\n");
});

containerTest("exec as the clients call it: containerd, conmon and CRI-O", (stage) => {
  const c = sleeper(stage);
  const file = processFile(stage, { args: ["sleep", "1000"] });
  const [log, pidFile] = [`${stage.dir}/log`, `${stage.dir}/exec_pid`];
  for (
    const args of [
      [
        "--log",
        log,
        "--log-format",
        "json",
        "exec",
        "--process",
        file,
        "--detach",
        "--pid-file",
        pidFile,
        c.id,
      ],
      [
        "--log-format=json",
        "--log",
        log,
        "exec",
        "--pid-file",
        pidFile,
        "--process",
        file,
        "--detach",
        c.id,
      ],
    ]
  ) {
    assertEquals(stage.ocirt(args), QUIET);
    assert(Number(Deno.readTextFileSync(pidFile)) > 1);
    Deno.removeSync(pidFile);
  }
  const foreground = processFile(stage, { args: ["sh", "-c", "exit 9"] });
  assertEquals(stage.ocirt(["exec", "--process", foreground, c.id]).code, 9);
});
