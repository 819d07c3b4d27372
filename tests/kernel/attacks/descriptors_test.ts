/** What processes of a container could reach through descriptors and memory of the runtime. */
import { assert, assertEquals } from "@std/assert";
import { giveTo, type TestConfig } from "tests/support/bundle.ts";
import { OCIRT, runProgram } from "tests/support/ocirt.ts";
import { exec, sleeper } from "tests/support/running.ts";
import { type Container, containerTest, type Stage } from "tests/support/stage.ts";

const MARKER = "a file of the host";
/** Numbers that a descriptor of the runtime may have. */
const NUMBERS = Array.from({ length: 22 }, (_, index) => index + 3);
/** More `..` than there are folders above anything. */
const UP = "../".repeat(16);

function marker(stage: Stage): string {
  const path = `${stage.dir}/marker`;
  Deno.writeTextFileSync(path, MARKER);
  return path;
}

containerTest("CVE-2024-21626: no working directory leads out by a descriptor", (stage) => {
  const path = marker(stage);
  const attempt = ["sh", "-c", `cat ${UP}${path} ./${path} 2>/dev/null`];
  const c = sleeper(stage);
  for (const number of NUMBERS) {
    const cwd = `/proc/self/fd/${number}`;
    Deno.symlinkSync(cwd, `${stage.rootfs}/fd${number}`);
    for (const path of [cwd, `/fd${number}`]) {
      const made = stage.container((config) => {
        config.process.args = attempt;
        config.process.cwd = path;
      });
      const ran = path === cwd
        ? [made.run(), exec(stage, c, { flags: ["--cwd", path], args: attempt })]
        : [made.run()];
      for (const { stdout } of ran) assertEquals(stdout, "");
    }
  }
});

containerTest("CVE-2024-21626: no program of the host is executed by a descriptor", (stage) => {
  const program = `${stage.dir}/echo`;
  Deno.copyFileSync(`${stage.rootfs}/bin/busybox`, program);
  Deno.chmodSync(program, 0o755);
  const c = sleeper(stage);
  for (const number of NUMBERS) {
    const args = [`/proc/self/fd/${number}/${UP}${program}`, MARKER];
    const ran = [
      stage.container((config) => config.process.args = args).run(),
      exec(stage, c, { args }),
    ];
    for (const { stdout } of ran) assertEquals(stdout, "");
  }
});

/** What lets a process look into others, and pass by the modes of files. */
const CAPABILITIES = ["CAP_SYS_PTRACE", "CAP_SYS_ADMIN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH"];
const POWERFUL = Object.fromEntries(
  ["bounding", "effective", "permitted"].map((set) => [set, CAPABILITIES]),
);

/** A container whose processes may do all that root may, and which runs shell lines that look for others. */
function hostile(stage: Stage, script: string, edit: (config: TestConfig) => void): Container {
  const loop = `while :; do for p in /proc/[0-9]*; do ${script}; done; done`;
  return stage.container((config) => {
    config.root.readonly = false;
    config.process["capabilities"] = POWERFUL;
    config.process.args = ["sh", "-c", loop];
    config.linux.maskedPaths = [];
    edit(config);
  }).create().start();
}

function waitFor(path: string): void {
  const end = performance.now() + 20_000;
  while (performance.now() < end) {
    if (runProgram(["test", "-s", path]).code === 0) return;
  }
  throw new Error(`${path} does not come`);
}

containerTest("CVE-2019-5736: the program that makes containers cannot be overwritten", (stage) => {
  const before = Deno.statSync(OCIRT);
  // Another container comes into the attacker's pid namespace, and is caught by its executable.
  const grab = `case $(readlink $p/exe) in *busybox*|"") ;; *) exec 9<$p/exe; echo got >/got; ` +
    `until [ -e /go ]; do sleep 0.1; done; ` +
    `dd if=/etc/passwd of=/proc/self/fd/9 conv=notrunc 2>/dev/null; echo $? >/wrote; ` +
    `(: >/proc/self/fd/9) 2>/dev/null && echo emptied >/emptied; echo done >/done; exec sleep 1000;; esac`;
  const attacker = hostile(stage, grab, () => {});
  const { pid } = attacker.state();
  const victim = stage.container((config) => {
    for (const namespace of config.linux.namespaces) {
      if (namespace.type === "pid") namespace.path = `/proc/${pid}/ns/pid`;
    }
  }).create();
  waitFor(`${stage.rootfs}/got`);
  victim.do("delete", "--force");
  // While it runs nobody can open it for writing anyway.
  Deno.writeTextFileSync(`${stage.rootfs}/go`, "go");
  waitFor(`${stage.rootfs}/done`);
  assertEquals(Deno.readTextFileSync(`${stage.rootfs}/wrote`), "1\n");
  assert(runProgram(["test", "-e", `${stage.rootfs}/emptied`]).code !== 0, "it was emptied");
  const after = Deno.statSync(OCIRT);
  assertEquals([after.size, after.mtime, after.ino], [before.size, before.mtime, before.ino]);
});

/** Whether a container that joins the attacker's namespaces, while it is made, gives away what it sees of the host. */
function stolen(
  stage: Stage,
  joined: readonly string[],
  edit: (config: TestConfig) => void,
): string {
  const out = `${stage.dir}/out`;
  Deno.mkdirSync(out);
  Deno.chmodSync(out, 0o777);
  const script = `for f in $p/root${marker(stage)} $p/cwd/${UP}${stage.dir}/marker; do ` +
    `cat $f >>/out/stolen 2>/dev/null; done; ls $p/fd/[3-9] >>/out/stolen 2>/dev/null`;
  const attacker = hostile(stage, script, (config) => {
    edit(config);
    config.mounts.push({ destination: "/out", type: "bind", source: out, options: ["bind"] });
  });
  const { pid } = attacker.state();
  const slow = { path: "/bin/sh", args: ["sh", "-c", "sleep 1"] };
  const victim = stage.container((config) => {
    edit(config);
    for (const namespace of config.linux.namespaces) {
      if (joined.includes(namespace.type)) namespace.path = `/proc/${pid}/ns/${namespace.type}`;
    }
    Reflect.deleteProperty(config.linux, "uidMappings");
    Reflect.deleteProperty(config.linux, "gidMappings");
    // It holds still while it has the host's files in sight.
    config["hooks"] = { createRuntime: [slow] };
  });
  assertEquals(victim.launch("create"), { code: 0, stdout: "", stderr: "" });
  attacker.do("kill", "KILL");
  return runProgram(["cat", `${out}/stolen`]).stdout;
}

containerTest(
  "CVE-2016-9962: nobody can trace a container that joins his pid namespace while it is made",
  (stage) => {
    assertEquals(
      stolen(stage, ["pid"], (config) => {
        config.process["capabilities"] = {};
      }),
      "",
    );
  },
);

containerTest(
  "CVE-2016-9962: nor one that joins his user namespace, where he may do everything",
  (stage) => {
    giveTo(stage.rootfs, 100_000);
    assertEquals(
      stolen(stage, ["pid", "user"], (config) => {
        config.linux.namespaces.push({ type: "user" });
        const map = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
        Object.assign(config.linux, { uidMappings: map, gidMappings: map });
      }),
      "",
    );
  },
);
