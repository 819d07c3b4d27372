import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Edit, TestConfig } from "tests/support/bundle.ts";
import { OCIRT } from "tests/support/ocirt.ts";
import { type Container, containerTest, type Stage } from "tests/support/stage.ts";

const NAMES = [
  "prestart",
  "createRuntime",
  "createContainer",
  "startContainer",
  "poststart",
  "poststop",
] as const;

type Name = typeof NAMES[number];

interface Hook {
  readonly path: string;
  readonly args?: readonly string[];
  readonly env?: readonly string[];
  readonly timeout?: number;
}

function sh(script: string, more: Partial<Hook> = {}): Hook {
  return { path: "/bin/sh", args: ["sh", "-c", script], env: ["PATH=/usr/bin:/bin"], ...more };
}

/** Hooks that all see a folder of the test's as /out and as itself, wherever they run. */
function withHooks(stage: Stage, hooks: Partial<Record<Name, readonly Hook[]>>): Edit {
  const out = `${stage.dir}/out`;
  Deno.mkdirSync(out, { recursive: true });
  Deno.chmodSync(out, 0o777);
  return (config) => {
    config["hooks"] = hooks;
    config.mounts.push({ destination: out, type: "bind", source: out, options: ["bind"] });
  };
}

function written(stage: Stage, name: string): string {
  return Deno.readTextFileSync(`${stage.dir}/out/${name}`);
}

/** A hook in every list. */
function everywhere(hook: (name: Name) => Hook): Record<Name, readonly Hook[]> {
  return Object.fromEntries(NAMES.map((name) => [name, [hook(name)]])) as unknown as Record<
    Name,
    readonly Hook[]
  >;
}

function sleeper(config: TestConfig): void {
  config.process.args = ["sleep", "1000"];
}

containerTest(
  "hooks run in the order of the runtime specification, each list in its own",
  (stage) => {
    const log = `${stage.dir}/out/log`;
    const say = (word: string): Hook => sh(`echo ${word} >>${log}`);
    const lists = Object.fromEntries(
      NAMES.map((name) => [name, [say(`${name} 0`), say(`${name} 1`)]]),
    );
    const both = (...names: readonly Name[]): string =>
      names.map((name) => `${name} 0\n${name} 1\n`).join("");
    const edit = withHooks(stage, lists);
    const c = stage.container((config) => {
      edit(config);
      sleeper(config);
    }).create();
    assertEquals(written(stage, "log"), both("prestart", "createRuntime", "createContainer"));
    c.start();
    assertEquals(written(stage, "log"), both(...NAMES.slice(0, 5)));
    assertEquals(c.do("delete", "--force"), { code: 0, stdout: "", stderr: "" });
    assertEquals(written(stage, "log"), both(...NAMES));
  },
);

containerTest("run has all six of them, in the foreground and in the background", (stage) => {
  const log = `${stage.dir}/out/log`;
  const edit = withHooks(stage, everywhere((name) => sh(`echo ${name} >>${log}`)));
  const c = stage.container(edit);
  assertEquals(c.run(), { code: 0, stdout: "", stderr: "" });
  assertEquals(written(stage, "log").trim().split("\n"), [...NAMES]);
  Deno.removeSync(log);
  assertEquals(c.run("--detach"), { code: 0, stdout: "", stderr: "" });
  c.await("stopped");
  assertEquals(c.do("delete"), { code: 0, stdout: "", stderr: "" });
  assertEquals(written(stage, "log").trim().split("\n"), [...NAMES]);
});

containerTest("a hook reads the state that fits its moment", (stage) => {
  const edit = withHooks(stage, everywhere((name) => sh(`cat >${stage.dir}/out/${name}`)));
  const c = stage.container((config) => {
    edit(config);
    sleeper(config);
    config["annotations"] = { "org.example": "\u00e9" };
  }).create();
  const { pid } = c.state();
  c.start().do("delete", "--force");
  const head = `{"ociVersion":"1.3.0","id":"${c.id}","status":`;
  const rest = `"bundle":"${c.bundle}","annotations":{"org.example":"\u00e9"}}`;
  const states = NAMES.map((name) => written(stage, name));
  assertEquals(states, [
    `${head}"creating","pid":${pid},${rest}`,
    `${head}"creating","pid":${pid},${rest}`,
    `${head}"creating","pid":1,${rest}`,
    `${head}"created","pid":1,${rest}`,
    `${head}"running","pid":${pid},${rest}`,
    `${head}"stopped",${rest}`,
  ]);
});

containerTest("state tells what hooks are told, and waits for none of them", (stage) => {
  const ask = sh(`${OCIRT} --root ${stage.root} state c1 >>${stage.dir}/out/states`);
  const edit = withHooks(stage, { createRuntime: [ask], poststart: [ask] });
  stage.container((config) => {
    edit(config);
    sleeper(config);
  }).create().start();
  const statuses = written(stage, "states").matchAll(/"status": "(\w+)"/g);
  assertEquals([...statuses].map(([, status]) => status), ["creating", "running"]);
});

const KINDS = ["mnt", "pid", "net", "uts", "ipc", "user"];

containerTest("createContainer and startContainer run in the container's namespaces", (stage) => {
  const look = KINDS.map((kind) => `readlink /proc/self/ns/${kind}`).join("; ");
  const edit = withHooks(
    stage,
    everywhere((name) => sh(`{ pwd; ${look}; } >${stage.dir}/out/${name}`)),
  );
  const c = stage.container((config) => {
    edit(config);
    sleeper(config);
    config.process.cwd = "/var";
  }).create().start();
  const { pid } = c.state();
  const of = (process: number | "self"): string[] =>
    KINDS.map((kind) => Deno.readLinkSync(`/proc/${process}/ns/${kind}`));
  const [host, inside] = [of("self"), of(pid)];
  c.do("delete", "--force");
  const seen = (name: Name): string[] => written(stage, name).trim().split("\n");
  for (const name of ["prestart", "createRuntime", "poststart", "poststop"] as const) {
    assertEquals(seen(name), [c.bundle, ...host], name);
  }
  assertEquals(seen("createContainer"), [stage.rootfs, ...inside]);
  assertEquals(seen("startContainer"), ["/var", ...inside]);
});

containerTest("startContainer hooks are all that the container's process is", (stage) => {
  const look = "id; umask; cat /proc/self/cgroup; " +
    "grep -E '^(Cap|NoNewPrivs|Sig(Ign|Blk))' /proc/self/status; grep -E 'open' /proc/self/limits";
  const edit = withHooks(stage, { startContainer: [sh(`{ ${look}; } >${stage.dir}/out/hook`)] });
  const c = stage.container((config) => {
    edit(config);
    config.process.args = ["sh", "-c", look];
    config.process.user = { uid: 1000, gid: 1001, additionalGids: [7], umask: 0o27 };
  });
  const { code, stdout } = c.run();
  assertEquals(code, 0);
  assertEquals(written(stage, "hook"), stdout);
  assertMatch(stdout, /^uid=1000 gid=1001 .*\n0027\n/);
});

containerTest("a hook has its own arguments and environment, exactly", (stage) => {
  const script = (name: string): string =>
    `cat /proc/$$/cmdline /proc/$$/environ >${stage.dir}/out/${name}; true`;
  const words = (name: string, more: Partial<Hook>): Hook => ({
    path: "/bin/sh",
    args: ["sh", "-c", script(name), "odd name", ""],
    ...more,
  });
  const edit = withHooks(stage, {
    prestart: [words("none", { env: [] }), words("own", { env: ["A=1", "B=x y"] })],
    createRuntime: [words("callers", {})],
    startContainer: [words("process", {}), words("empty", { env: [] })],
  });
  const c = stage.container((config) => {
    edit(config);
    config.process.env = ["PATH=/bin", "ONE=two"];
  });
  const flags = ["create", "-b", c.bundle, c.id];
  assertEquals(stage.ocirt(flags, { env: { OCIRT_HOOK_TEST: "yes" } }).code, 0);
  c.start();
  const line = (name: string): string => `sh\0-c\0${script(name)}\0odd name\0\0`;
  assertEquals(written(stage, "none"), line("none"));
  assertEquals(written(stage, "empty"), line("empty"));
  assertEquals(written(stage, "own"), `${line("own")}A=1\0B=x y\0`);
  assertEquals(written(stage, "process"), `${line("process")}PATH=/bin\0ONE=two\0HOME=/root\0`);
  assertMatch(written(stage, "callers"), /\0OCIRT_HOOK_TEST=yes\0/);
});

containerTest("a hook without arguments is called by its path, /proc/PID/exe too", (stage) => {
  const script = `${stage.dir}/script`;
  const text = `#!/bin/sh\ncat /proc/$$/cmdline >${stage.dir}/out/line\n`;
  Deno.writeTextFileSync(script, text, { mode: 0o755 });
  const other = new Deno.Command("busybox", { args: ["sleep", "1000"] }).spawn();
  const path = `/proc/${other.pid}/exe`;
  const copy = `cp /proc/self/cmdline ${stage.dir}/out/other`;
  const edit = withHooks(stage, {
    prestart: [{ path: script }, { path, args: ["sh", "-c", copy], env: [] }],
  });
  stage.container(edit).create();
  other.kill();
  assertEquals(written(stage, "line"), `/bin/sh\0${script}\0`);
  assertMatch(written(stage, "other"), /^sh\0-c\0/);
});

containerTest("a hook gets no descriptors but its standard input, output and error", (stage) => {
  const list = (name: string): Hook => sh(`exec ls /proc/self/fd >${stage.dir}/out/${name}`);
  const edit = withHooks(stage, everywhere(list));
  const c = stage.container(edit);
  // The caller's own are not for hooks, not even those that the container gets.
  const script = `exec 3</dev/null 4</dev/null; exec ${OCIRT} --root ${stage.root} run ` +
    `--preserve-fds 1 -b ${c.bundle} ${c.id}`;
  const { code } = new Deno.Command("sh", { args: ["-c", script] }).outputSync();
  assertEquals(code, 0);
  for (const name of NAMES) {
    // The last is the one by which ls reads the folder.
    assertEquals(written(stage, name), "0\n1\n2\n3\n", name);
  }
});

containerTest("what hooks write goes into crun's files, where annotations name them", (stage) => {
  const edit = withHooks(stage, everywhere((name) => sh(`echo ${name}; echo ${name} >&2`)));
  const c = stage.container((config) => {
    edit(config);
    config["annotations"] = {
      "run.oci.hooks.stdout": `${stage.dir}/out/stdout`,
      "run.oci.hooks.stderr": "stderr",
    };
  });
  assertEquals(c.run().code, 0);
  assertEquals(written(stage, "stdout").trim().split("\n"), [...NAMES]);
  const errors = Deno.readTextFileSync(`${c.bundle}/stderr`);
  assertEquals(errors.trim().split("\n"), [...NAMES]);
});

containerTest("a hook may open its streams anew, whoever its user is", (stage) => {
  const script = "cat /dev/stdin >/dev/null && echo out >/dev/stdout && echo err >/dev/stderr";
  const edit = withHooks(stage, { startContainer: [sh(`${script}; exit 7`)] });
  const c = stage.container((config) => {
    edit(config);
    config.process.user = { uid: 1000, gid: 1000 };
  }).create();
  assertMatch(c.do("start").stderr, /exit status 7, stdout: out\W+stderr: err/);
});

containerTest(
  "a state that no pipe holds at once and much output are no reason to hang",
  (stage) => {
    const flood =
      "i=0; while [ $i -lt 3000 ]; do echo $i 0123456789012345678901234567890123456789; " +
      "i=$((i+1)); done";
    const hook = sh(`wc -c >${stage.dir}/out/size; ${flood}; ${flood} >&2`);
    const edit = withHooks(stage, { prestart: [hook, sh("exit 0"), sh(`${flood}; exit 1`)] });
    const c = stage.container((config) => {
      edit(config);
      config["annotations"] = { large: "x".repeat(300_000) };
    });
    const { code, stderr } = c.launch("create");
    assertEquals(code, 1);
    assertMatch(stderr, /prestart hook #2: exit status 1, stdout: .*2999 0123456789/);
    assert(stderr.length < 70_000, "the beginning was thrown away");
    assert(Number(written(stage, "size")) > 300_000);
  },
);

containerTest("what a hook leaves running holds nobody up", (stage) => {
  const file = `${stage.dir}/out/pid`;
  const edit = withHooks(stage, { createRuntime: [sh(`sleep 1000 & echo $! >${file}`)] });
  stage.container(edit).create();
  Deno.kill(Number(written(stage, "pid")), "SIGKILL");
});

containerTest("hooks see the container's mounts, and can add to them", (stage) => {
  Deno.writeTextFileSync(`${stage.dir}/file`, "from the host");
  for (const name of ["one", "two"]) Deno.writeTextFileSync(`${stage.rootfs}/${name}`, "");
  const target = `${stage.rootfs}/one`;
  const enter = `nsenter -m -t "$(sed 's/.*"pid":\\([0-9]*\\).*/\\1/')"`;
  const edit = withHooks(stage, {
    createRuntime: [sh(`${enter} mount --bind ${stage.dir}/file ${target}`)],
    createContainer: [sh(`mount --bind ${stage.dir}/file ./two && test -c dev/null`)],
  });
  const c = stage.container((config) => {
    edit(config);
    config.process.args = ["cat", "/one", "/two"];
  });
  assertEquals(c.run(), { code: 0, stdout: "from the hostfrom the host", stderr: "" });
  assertEquals(stage.mounts(), []);
});

containerTest("in a user namespace createContainer hooks are its root", (stage) => {
  new Deno.Command("chown", { args: ["-R", "200000:200000", stage.rootfs] }).outputSync();
  const look = `{ id -u; awk '{print $2}' /proc/self/uid_map; } >${stage.dir}/out/`;
  const edit = withHooks(stage, {
    createRuntime: [sh(`${look}outside`)],
    createContainer: [sh(`${look}inside; echo x >/dev/stderr`)],
  });
  const c = stage.container((config) => {
    edit(config);
    config.linux.namespaces.push({ type: "user" });
    config.linux["uidMappings"] = [{ containerID: 0, hostID: 200_000, size: 10 }];
    config.linux["gidMappings"] = [{ containerID: 0, hostID: 200_000, size: 10 }];
  });
  assertEquals(c.run(), { code: 0, stdout: "", stderr: "" });
  assertEquals([written(stage, "outside"), written(stage, "inside")], ["0\n0\n", "0\n200000\n"]);
});

containerTest("hooks work where the container has no namespaces of its own", (stage) => {
  const edit = withHooks(stage, everywhere((name) => sh(`cat >${stage.dir}/out/${name}; pwd >&2`)));
  const c = stage.container((config) => {
    edit(config);
    config.linux.namespaces = [];
    config.linux.maskedPaths = [];
    config.linux.readonlyPaths = [];
    delete config["hostname"];
    config.mounts = config.mounts.filter(({ type }) => type === "bind");
  });
  const { code, stderr } = c.run();
  assertEquals([code, stderr], [0, ""]);
  const host = JSON.parse(written(stage, "prestart")).pid;
  const told = (name: Name): number => JSON.parse(written(stage, name)).pid;
  assertEquals([told("createContainer"), told("startContainer")], [host, host]);
});

containerTest("explain tells where hooks run", (stage) => {
  const c: Container = stage.container((config) => {
    config["hooks"] = everywhere((name) => ({ path: `/hooks/${name}` }));
  });
  const { stdout } = stage.ocirt(["explain", "-b", c.bundle]);
  assertMatch(stdout, /wait until the host has run the hooks prestart, createRuntime, createCont/);
  for (const name of NAMES) {
    assertMatch(stdout, new RegExp(`run ${name} hook "/hooks/${name}".*/hooks/${name}/0`));
  }
});
