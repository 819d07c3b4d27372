import { assert, assertEquals, assertMatch } from "@std/assert";
import { messageOf, OCIRT, runProgram } from "tests/support/ocirt.ts";
import { containerTest } from "tests/support/stage.ts";

containerTest(
  "create makes a process that has not become the user's program, and says nothing",
  (stage) => {
    const c = stage.container((config) => config.process.args = ["touch", "/tmp/ran"]);
    c.create();
    const { pid, status } = c.state();
    assertEquals(status, "created");
    assertEquals(Deno.readTextFileSync(`/proc/${pid}/cmdline`), "ocirt-init\0");
    assertEquals(Array.from(Deno.readDirSync(`${stage.rootfs}/tmp`)), []);
  },
);

containerTest("the pid file holds the decimal pid alone", (stage) => {
  const c = stage.container();
  const file = `${stage.dir}/pid`;
  c.create("--pid-file", file);
  assertEquals(Deno.readTextFileSync(file), String(c.state().pid));
  assertEquals(Deno.lstatSync(file).mode, 0o100644);
  assertEquals(
    Array.from(Deno.readDirSync(stage.dir), ({ name }) => name).filter((name) => name !== "pid")
      .sort(),
    ["c1", "rootfs", "state"],
  );
});

containerTest("the pid file has the mode that the caller's umask leaves", (stage) => {
  const c = stage.container();
  const file = `${stage.dir}/pid`;
  const flags = ["--root", stage.root, "create", "--bundle", c.bundle, "--pid-file", file, c.id];
  const script = 'umask 0077; exec "$0" "$@"';
  assertEquals(runProgram(["/bin/sh", "-c", script, OCIRT, ...flags]).code, 0);
  assertEquals(Deno.lstatSync(file).mode, 0o100600);
});

containerTest("a pid file of an earlier container is replaced", (stage) => {
  const file = `${stage.dir}/pid`;
  Deno.writeTextFileSync(file, "4194304 and more");
  const c = stage.container().create("--pid-file", file);
  assertEquals(Deno.readTextFileSync(file), String(c.state().pid));
});

containerTest("a pid file that cannot be written takes the container back", (stage) => {
  const c = stage.container();
  const result = c.launch("create", "--pid-file", `${stage.dir}/none/pid`);
  assertEquals(result.code, 1);
  assertMatch(
    messageOf(result),
    /^ocirt create failed: Cannot write pid file ".*\/none\/pid": ENOENT \(No such file/,
  );
  assertEquals(messageOf(c.do("state")), "container does not exist");
  assertEquals(stage.cgroups().filter((path) => path.endsWith("c1")), []);
});

containerTest("an id that is taken is refused before anything is touched", (stage) => {
  const first = stage.container().create();
  const before = first.state();
  const second = stage.container();
  const file = `${stage.dir}/pid`;
  const result = stage.ocirt(["create", "--pid-file", file, "--bundle", second.bundle, first.id]);
  assertEquals([result.code, result.stdout], [1, ""]);
  assertEquals(messageOf(result), "ocirt create failed: container with given ID already exists");
  assertEquals(first.state(), before);
  assertEquals(stage.cgroups().filter((path) => path.endsWith("/c2")), []);
  assertEquals(Array.from(Deno.readDirSync(stage.dir), ({ name }) => name).includes("pid"), false);
});

containerTest("the bundle is the current directory when none is named", (stage) => {
  const c = stage.container();
  assertEquals(stage.ocirt(["create", "mine"], { cwd: c.bundle }).code, 0);
  const { bundle } = JSON.parse(stage.ocirt(["state", "mine"]).stdout);
  assertEquals(bundle, c.bundle);
});

containerTest("flags may stand behind the id, single-dashed, short, and with =", (stage) => {
  const file = `${stage.dir}/pid`;
  for (
    const [id, ...flags] of [
      ["a", "a", "--bundle", "B"],
      ["b", "-bundle", "B", "b"],
      ["c", "-b", "B", "c", `--pid-file=${file}`],
      ["d", "--bundle=B", "--no-new-keyring", "--", "d"],
    ]
  ) {
    const { bundle } = stage.container();
    const result = stage.ocirt(["create", ...flags.map((flag) => flag.replace(/B$/, bundle))]);
    assertEquals([id, result], [id, { code: 0, stdout: "", stderr: "" }]);
  }
  assert(/^\d+$/.test(Deno.readTextFileSync(file)));
});

containerTest("another configuration file is taken by --config", (stage) => {
  const c = stage.container();
  Deno.renameSync(`${c.bundle}/config.json`, `${c.bundle}/other.json`);
  assertEquals(c.launch("create").code, 1);
  c.create("--config", "other.json");
});

containerTest("later edits of config.json change nothing", (stage) => {
  const c = stage.container((config) => config.process.args = ["sh", "-c", "echo first >/tmp/x"]);
  const text = Deno.readTextFileSync(`${c.bundle}/config.json`);
  Deno.writeTextFileSync(
    `${c.bundle}/config.json`,
    text.replace('"readonly":true', '"readonly":false'),
  );
  c.create();
  Deno.writeTextFileSync(`${c.bundle}/config.json`, text.replaceAll("first", "second"));
  c.start().await("stopped");
  assertEquals(Deno.readTextFileSync(`${stage.rootfs}/tmp/x`), "first\n");
});

containerTest("a cgroup with processes of another container is refused", (stage) => {
  const taken = `${stage.cgroup}/shared`;
  const share = (config: { linux: Record<string, unknown> }): void => {
    config.linux["cgroupsPath"] = taken;
  };
  stage.container(share).create();
  const result = stage.container(share).launch("create");
  assertEquals(result.code, 1);
  assertMatch(
    messageOf(result),
    /container's cgroup is not empty: 1 process\(es\) found/,
  );
});

containerTest("the state folder is for root alone, the container's passes through", (stage) => {
  Deno.removeSync(stage.root);
  stage.container().create();
  assertEquals(Deno.lstatSync(stage.root).mode, 0o040700);
  assertEquals(Deno.lstatSync(`${stage.root}/c1`).mode, 0o040711);
  assertEquals(Deno.lstatSync(`${stage.root}/c1/state.json`).isFile, true);
});
