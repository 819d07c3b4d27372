import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Edit } from "tests/support/bundle.ts";
import { fakeCriu } from "tests/support/fake_criu.ts";
import { leavingNothing } from "tests/support/leftovers.ts";
import { messageOf, OCIRT, type Result, runProgram } from "tests/support/ocirt.ts";
import { type Container, containerTest, type Stage } from "tests/support/stage.ts";

const QUIET: Result = { code: 0, stdout: "", stderr: "" };

function sleeper(stage: Stage, edit: Edit = (): void => {}): Container {
  const c = stage.container((config) => {
    config.process.args = ["sleep", "1000"];
    edit(config);
  });
  assertEquals(c.run("--detach"), QUIET);
  return c;
}

/** `checkpoint` with a PATH of one's own. */
function checkpoint(
  stage: Stage,
  { id }: Container,
  { path, flags = [] }: { path: string; flags?: readonly string[] },
): Result {
  const images = `${stage.dir}/images`;
  return withPath(stage, path, ["checkpoint", "--image-path", images, ...flags, id]);
}

/** Any command with a PATH of one's own, in which the test's own programs need not be. */
function withPath({ root }: Stage, path: string, args: readonly string[]): Result {
  return runProgram(["/usr/bin/env", `PATH=${path}`, OCIRT, "--root", root, ...args]);
}

containerTest(
  "where criu is missing checkpoint and restore say so, and nothing changes",
  (stage) => {
    const c = sleeper(stage);
    const path = `${stage.dir}/bin:${stage.dir}/sbin`;
    const missing = `Cannot execute criu: it is in none of ${path}; ` +
      "hint: install criu, or put its folder into PATH";
    assertEquals(messageOf(checkpoint(stage, c, { path })), missing);
    assertEquals(c.state().status, "running");
    assertEquals(c.do("delete", "--force"), QUIET);
    leavingNothing(stage, () => {
      const args = ["restore", "-b", c.bundle, "--image-path", `${stage.dir}/images`, c.id];
      const failed = withPath(stage, path, args);
      assertMatch(messageOf(failed), /^Cannot read .*descriptors\.json: ENOENT/);
      Deno.writeTextFileSync(`${stage.dir}/images/descriptors.json`, "[]");
      assertEquals(messageOf(withPath(stage, path, args)), missing);
      Deno.removeSync(`${stage.dir}/images/descriptors.json`);
    });
  },
);

containerTest("a criu that is too old is told with its version", (stage) => {
  const c = sleeper(stage);
  const path = fakeCriu(`${stage.dir}/old`, [3, 12], "hear");
  assertEquals(
    messageOf(checkpoint(stage, c, { path })),
    `Cannot checkpoint container ${c.id}: criu 3.12 is too old, 3.15 or newer is needed`,
  );
  assertEquals(c.state().status, "running");
});

containerTest(
  "a criu that dies leaves a container that runs as before, though it was frozen",
  (stage) => {
    const c = sleeper(stage);
    const { pid } = c.state();
    const freeze = `for dir in /sys/fs/cgroup /sys/fs/cgroup/freezer; do
    file=$dir${stage.cgroup}/${c.id}
    [ -e "$file/freezer.state" ] && echo FROZEN > "$file/freezer.state"
    [ -e "$file/cgroup.freeze" ] && echo 1 > "$file/cgroup.freeze"
  done`;
    const path = fakeCriu(`${stage.dir}/dying`, [4, 2], `hear; ${freeze}; kill -9 $$`);
    assertEquals(
      messageOf(checkpoint(stage, c, { path })),
      `Cannot checkpoint container ${c.id}: criu was ended by signal 9 without an answer`,
    );
    assertEquals([c.state().status, c.state().pid], ["running", pid]);
  },
);

containerTest("what criu writes into its log is told when it refuses", (stage) => {
  const c = sleeper(stage);
  const log = `${stage.dir}/images/dump.log`;
  const script = `hear
    echo "(00.1) Error (criu/x.c:1): the reason" > ${log}
    echo "(00.2) Error (criu/cr-dump.c:2): Dumping FAILED." >> ${log}
    say '\\010\\001\\020\\000'`;
  const path = fakeCriu(`${stage.dir}/refusing`, [4, 2], script);
  assertEquals(
    messageOf(checkpoint(stage, c, { path })),
    `Cannot checkpoint container ${c.id}: criu: the reason; hint: all of it is in ${log}`,
  );
  assertEquals(c.state().status, "running");
});

containerTest("what criu says before it has a log is told in the one sentence", (stage) => {
  const c = sleeper(stage);
  const refused = (script: string, ...flags: string[]): string => {
    const path = fakeCriu(`${stage.dir}/early${flags.length}`, [4, 2], script);
    const { code, stdout, stderr } = checkpoint(stage, c, { path, flags });
    assertEquals([code, stdout, stderr.trimEnd().split("\n").length], [1, "", 1], stderr);
    return messageOf({ code, stdout, stderr });
  };
  assertEquals(
    refused('hear; echo "Error (criu/x.c:1): no such thing" >&2; exit 3'),
    `Cannot checkpoint container ${c.id}: criu: no such thing`,
  );
  // The answer to a request for features: type 9, no success.
  const unsure = "echo 'Error (criu/util.c:642): exited, status=1' >&2; say '\\010\\011\\020\\000'";
  assertEquals(
    refused(`hear; ${unsure}`, "--pre-dump"),
    `Cannot checkpoint container ${c.id}: criu cannot tell what this kernel can do; hint: criu check says why`,
  );
  assertEquals(c.state().status, "running");
});

containerTest(
  "what criu warns of is passed on, and is no failure where nobody reads it",
  (stage) => {
    const c = sleeper(stage);
    const script =
      "hear; echo 'Warn  (criu/x.c:1): strange' >&2; say '\\010\\001\\020\\001'; exit 0";
    const path = fakeCriu(`${stage.dir}/warning`, [4, 2], script);
    const warned = checkpoint(stage, c, { path, flags: ["--leave-running"] });
    assertEquals(warned, { ...QUIET, stderr: "Warn  (criu/x.c:1): strange\n" });
    const args = ["--root", stage.root, "checkpoint", "--image-path", `${stage.dir}/images`];
    const unread = runProgram([
      "/bin/bash",
      "-c",
      'set -o pipefail; { sleep 0.2; exec "$@"; } 2>&1 | true',
      "bash",
      "/usr/bin/env",
      `PATH=${path}`,
      OCIRT,
      ...args,
      "--leave-running",
      c.id,
    ]);
    assertEquals(unread, QUIET);
  },
);

containerTest("a failed restore leaves nothing, even one whose criu was killed", (stage) => {
  const c = sleeper(stage);
  assertEquals(c.do("delete", "--force"), QUIET);
  Deno.mkdirSync(`${stage.dir}/images`);
  Deno.writeTextFileSync(`${stage.dir}/images/descriptors.json`, "[]");
  const path = fakeCriu(`${stage.dir}/dying`, [4, 2], "hear; sleep 1000 & kill -9 $$");
  leavingNothing(stage, () => {
    const args = ["restore", "-b", c.bundle, "--image-path", `${stage.dir}/images`, c.id];
    const failed = withPath(stage, path, args);
    assertMatch(messageOf(failed), /^Cannot restore container c1: criu was ended by signal 9/);
  });
});

containerTest("a restore that fails at its end leaves no process, without cgroups too", (stage) => {
  Deno.mkdirSync(`${stage.dir}/images`);
  Deno.writeTextFileSync(`${stage.dir}/images/descriptors.json`, "[]");
  const c = stage.container(({ linux }) => delete linux["resources"]);
  // The answer to a restore: type 2, success, and the pid in three bytes.
  const script = `hear; sleep 1000 & echo $! > ${stage.dir}/pid
    pid=$(printf '\\\\%03o' $(($! & 127 | 128)) $(($! >> 7 & 127 | 128)) $(($! >> 14)))
    say "\\010\\002\\020\\001\\042\\004\\010$pid"; exit 0`;
  const path = fakeCriu(`${stage.dir}/fine`, [4, 2], script);
  const images = ["--image-path", `${stage.dir}/images`];
  Deno.writeTextFileSync(`${stage.dir}/pid`, "");
  leavingNothing(stage, () => {
    const failed = withPath(stage, path, [
      "--cgroup-manager=disabled",
      ...["restore", "-b", c.bundle, ...images, "--pid-file", "/nowhere/pid", c.id],
    ]);
    assertMatch(messageOf(failed), /^Cannot write pid file "\/nowhere\/pid": ENOENT/);
  });
  const restored = Deno.readTextFileSync(`${stage.dir}/pid`).trim();
  const status = runProgram(["/bin/sh", "-c", `grep State: /proc/${restored}/status || :`]);
  assertMatch(status.stdout, /^$|\t[ZX]/);
});

containerTest(
  "only a container that runs is written, and none that criu cannot make again",
  (stage) => {
    const path = fakeCriu(`${stage.dir}/unused`, [4, 2], "exit 9");
    const created = stage.container().create();
    const refused = (c: Container, ...flags: string[]): string =>
      messageOf(checkpoint(stage, c, { path, flags }));
    assertEquals(refused(created), "Container cannot be checkpointed in created state");
    created.start().await("stopped");
    assertEquals(refused(created), "Container cannot be checkpointed in stopped state");
    const mapped = sleeper(stage, (config) => {
      const ids = [{ containerID: 0, hostID: 1000, size: 10 }];
      const mount = {
        destination: "/m",
        source: stage.rootfs,
        type: "bind",
        options: ["bind", "idmap"],
      };
      config.mounts.push({ ...mount, uidMappings: ids, gidMappings: ids });
    });
    assertMatch(
      refused(mapped),
      /^Cannot checkpoint container: criu cannot restore id-mapped mounts/,
    );
    const plain = sleeper(stage);
    assertMatch(
      refused(plain, "--parent-path", "/tmp"),
      /--parent-path "\/tmp": it must be relative/,
    );
    assertMatch(refused(plain, "--parent-path", "../no"), /--parent-path "\.\.\/no": ENOENT/);
    assertMatch(refused(plain, "--empty-ns", "ipc"), /--empty-ns: "ipc" is not network/);
    assertMatch(refused(plain, "--page-server", "here"), /"here" is no ADDRESS:PORT/);
    assertMatch(refused(plain, "--lazy-pages", "--status-fd", "77"), /--status-fd 77: there is no/);
    assertEquals(plain.state().status, "running");
    let images = true;
    try {
      Deno.statSync(`${stage.dir}/images`);
    } catch {
      images = false;
    }
    assert(!images, "a refusal makes no folder");
  },
);
