import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Edit } from "tests/support/bundle.ts";
import { hostLayout } from "runtime/cgroups/host_layout.ts";
import { leavingNothing } from "tests/support/leftovers.ts";
import { messageOf, type Result } from "tests/support/ocirt.ts";
import { type Container, containerTest, type Stage } from "tests/support/stage.ts";

/** One sentence, exit status 1, nothing on standard output, nothing left. */
function refusedWhole(stage: Stage, launch: () => Result): string {
  let message = "";
  leavingNothing(stage, () => {
    const result = launch();
    assertEquals([result.code, result.stdout], [1, ""]);
    message = messageOf(result);
    assertEquals(message.includes("\n"), false);
    assertEquals(/internal error/.test(message), false, message);
  });
  return message;
}

/** The same for a configuration, through both commands that read one. */
function refusedConfig(stage: Stage, edit: Edit): string {
  const c = stage.container(edit);
  const created = refusedWhole(stage, () => c.launch("create"));
  const ran = refusedWhole(stage, () => c.run());
  assertEquals(ran.replace("ocirt run failed", "ocirt create failed"), created);
  return created;
}

function written(stage: Stage, text: string): Container {
  const c = stage.container();
  Deno.writeTextFileSync(`${c.bundle}/config.json`, text);
  return c;
}

/** A failure in every part of the set-up: what goes wrong, and the words that name step, object, place and errno. */
const FAILURES: readonly (readonly [string, Edit, RegExp])[] = [
  [
    "a mount",
    (config) => void config.mounts.push({ destination: "/tmp", type: "moonfs", source: "x" }),
    /error mounting "x" to rootfs at "\/tmp" \(\/mounts\/7\): ENODEV \(no such device\); hint: .*"moonfs"/,
  ],
  [
    "a device",
    (config) => config.linux["devices"] = [{ type: "c", path: "/etc/passwd", major: 1, minor: 3 }],
    /Cannot make device c 1:3 at "\/etc\/passwd" \(\/linux\/devices\/0\): EEXIST \(File exists\)/,
  ],
  [
    "a parameter",
    (config) => config.linux["sysctl"] = { "net.none": "1" },
    /Cannot write "1" to "\/proc\/sys\/net\/none" .*: ENOENT \(No such file or directory\)/,
  ],
  [
    "the working directory",
    (config) => config.process.cwd = "/etc/passwd/x",
    /Cannot make working directory "\/etc\/passwd\/x" \(\/process\/cwd\): ENOTDIR/,
  ],
  [
    "a namespace",
    (config) => config.linux.namespaces.push({ type: "cgroup", path: "/etc/passwd" }),
    /Cannot join cgroup namespace.* \(\/linux\/namespaces\/5\): EINVAL/,
  ],
  [
    "a limit",
    (config) => config.process["rlimits"] = [{ type: "RLIMIT_NOFILE", soft: 1, hard: 2 ** 40 }],
    /Cannot set RLIMIT_NOFILE to 1:1099511627776 \(\/process\/rlimits\/0\): EPERM .*; hint: /,
  ],
  [
    "the program",
    (config) => config.process.args = ["/bin/none"],
    /unable to start container process: error during container init: exec: "\/bin\/none": stat/,
  ],
];

for (const [what, edit, words] of FAILURES) {
  containerTest(`${what} that fails ends create with one sentence and leaves nothing`, (stage) => {
    assertMatch(refusedConfig(stage, edit), words);
  });
}

containerTest("the sentence is the same in the JSON log", (stage) => {
  const [, edit, words] = FAILURES[0] ?? [];
  assert(edit !== undefined && words !== undefined);
  const c = stage.container(edit);
  const log = `${stage.dir}/log.json`;
  const flags = ["--log", log, "--log-format=json"];
  const { code, stderr } = stage.ocirt([...flags, "create", "-b", c.bundle, c.id]);
  assertEquals(code, 1);
  const { level, msg } = JSON.parse(Deno.readTextFileSync(log));
  assertEquals([level, `${msg}\n`], ["error", stderr]);
  assertMatch(msg, words);
});

containerTest("a program that start cannot execute ends run whole", (stage) => {
  Deno.writeTextFileSync(`${stage.rootfs}/bin/odd`, "#!/none\n", { mode: 0o755 });
  const c = stage.container((config) => config.process.args = ["odd"]);
  for (const flags of [[], ["--detach"]]) {
    leavingNothing(stage, () => {
      const stderr = "exec odd: no such file or directory\n";
      assertEquals(c.run(...flags), { code: 1, stdout: "", stderr });
    });
  }
  // Callers with a log of their own get the whole sentence there.
  const log = `${stage.dir}/log.json`;
  const words = ["run", "--bundle", c.bundle, c.id];
  stage.ocirt(["--log", log, "--log-format=json", ...words]);
  assertMatch(JSON.parse(Deno.readTextFileSync(log)).msg, /^ocirt run failed: .*exec odd: no such/);
});

containerTest("invalid JSON is told with line and column", (stage) => {
  for (
    const [text, words] of [
      ['{\n  "ociVersion": "1.3.0",\n  "root": }', /line 3 column 11/],
      ["", /config\.json: it is empty; a JSON document is expected/],
      ['{"a": 1', /line 1 column 8/],
      ['{"a": tru}', /line 1 column 7/],
      ["{} x", /line 1 column 4/],
    ] as const
  ) {
    const c = written(stage, text);
    assertMatch(refusedWhole(stage, () => c.launch("create")), words);
  }
});

containerTest("wrong types and values are told all at once, by JSON path", (stage) => {
  const message = refusedConfig(stage, (config) => {
    config["hostname"] = 5;
    Object.assign(config.process, { args: "sh", cwd: "relative" });
    config.process["rlimits"] = [{ type: "RLIMIT_FOO", soft: 1, hard: 1 }];
    Object.assign(config.root, { readonly: "yes" });
  });
  for (
    const words of [
      "/hostname: 5",
      '/process/args: "sh"',
      '/process/rlimits/0/type: "RLIMIT_FOO"',
      '/root/readonly: "yes"',
    ]
  ) {
    assert(message.includes(words), `${words} is in ${message}`);
  }
});

containerTest("values that the schema cannot judge are told by JSON path too", (stage) => {
  for (
    const [edit, words] of [
      [(c) => c.process.cwd = "a", /\/process\/cwd: "a" is relative: Cwd must be an absolute path/],
      [(c) => c.process.args = [], /\/process\/args: args must not be empty/],
      [(c) => void c.process.env.push("NOEQUALS"), /\/process\/env\/2: .*missing '='/],
      [(c) => c.process["oomScoreAdj"] = 1001, /\/process\/oomScoreAdj: 1001 is not in the range/],
      [
        (c) =>
          void (c.process["rlimits"] as unknown[]).push({
            type: "RLIMIT_NOFILE",
            soft: 1,
            hard: 1,
          }),
        /\/process\/rlimits\/1\/type: "RLIMIT_NOFILE" is already given/,
      ],
      [(c) => c.process.user["uid"] = -1, /\/process\/user\/uid: -1/],
      [(c) => c.process.user["uid"] = 2 ** 32, /\/process\/user\/uid: 4294967296/],
      [(c) => c.process.user["uid"] = 2 ** 32 - 1, /\/process\/user\/uid: 4294967295 is no id/],
      [(c) => c.process.user["gid"] = 2 ** 32 - 1, /\/process\/user\/gid: 4294967295 is no id/],
      [(c) => c.process.user["gid"] = "root", /\/process\/user\/gid: "root"/],
      [(c) => Reflect.deleteProperty(c, "process"), /process/],
    ] as readonly (readonly [Edit, RegExp])[]
  ) {
    assertMatch(refusedConfig(stage, edit), words);
  }
});

containerTest("a bundle that is missing, a file, or without config.json is refused", (stage) => {
  Deno.writeTextFileSync(`${stage.dir}/file`, "");
  for (
    const [bundle, words] of [
      [`${stage.dir}/none`, /Cannot use bundle .*\/none: ENOENT \(No such file or directory\)/],
      [`${stage.dir}/file`, /Cannot use bundle .*\/file: ENOTDIR \(Not a directory\)/],
      [stage.rootfs, /Cannot read .*\/rootfs\/config\.json: ENOENT .*; hint: /],
    ] as const
  ) {
    for (const command of ["create", "run"]) {
      const launch = (): Result => stage.ocirt([command, "--bundle", bundle, "x"]);
      assertMatch(refusedWhole(stage, launch), words);
    }
  }
});

containerTest("a rootfs that is missing or a file is refused", (stage) => {
  Deno.writeTextFileSync(`${stage.dir}/file`, "");
  const at = (path: string): string => refusedConfig(stage, (config) => config.root.path = path);
  assertMatch(at("none"), /\/root\/path: ".*\/none" cannot be used: ENOENT/);
  assertMatch(at(`${stage.dir}/file`), /\/root\/path: ".*\/file" is not a directory/);
});

containerTest("an id that is no safe file name is refused by every command", (stage) => {
  const { bundle } = stage.container();
  for (const id of ["../x", "a/b", "", ".", "..", "a b", "\u00fc", "x\ny", "a".repeat(2000)]) {
    for (const command of ["create", "run", "start", "state", "kill", "delete"]) {
      const flags = command === "create" || command === "run" ? ["-b", bundle] : [];
      const message = refusedWhole(stage, () => stage.ocirt([command, ...flags, "--", id]));
      assertMatch(message, /invalid container ID format/, `${command} ${id}`);
    }
    const forced = stage.ocirt(["delete", "--force", "--", id]);
    assertEquals([forced.code, forced.stdout], [1, ""]);
  }
  const longest = "a".repeat(255);
  assertEquals(stage.ocirt(["run", "-b", bundle, longest]).code, 0);
});

containerTest("a state root that cannot be made is told", (stage) => {
  Deno.writeTextFileSync(`${stage.dir}/file`, "");
  const { bundle } = stage.container();
  const args = ["--root", `${stage.dir}/file/below`, "create", "-b", bundle, "x"];
  assertMatch(refusedWhole(stage, () => stage.ocirt(args)), /\/file\/below.*ENOTDIR/);
});

containerTest(
  "a version 2 cgroup that takes no process is told, in a user namespace too",
  (stage) => {
    const unified = hostLayout().hierarchies.find(({ version }) => version === 2);
    const threaded = `${unified?.mountpoint}${stage.cgroup}/threaded`;
    Deno.mkdirSync(threaded, { recursive: true });
    Deno.writeTextFileSync(`${threaded}/cgroup.type`, "threaded");
    const words =
      /EOPNOTSUPP .*; hint: the cgroup of \/linux\/cgroupsPath is threaded, or below one/;
    const below: Edit = (config) => config.linux["cgroupsPath"] = `${stage.cgroup}/threaded/c`;
    const mapped: Edit = (config) => {
      below(config);
      config.linux.namespaces.push({ type: "user" });
      config.linux["uidMappings"] = [{ containerID: 0, hostID: 0, size: 65536 }];
      config.linux["gidMappings"] = [{ containerID: 0, hostID: 0, size: 65536 }];
    };
    for (const edit of [below, mapped]) {
      const result = stage.container(edit).launch("create");
      assertEquals(result.code, 1);
      assertMatch(messageOf(result), words);
      assertEquals(stage.cgroups().filter((dir) => dir.endsWith("/c")), []);
    }
  },
  "cgroup2",
);
