import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { messageOf } from "tests/support/ocirt.ts";
import { containerTest } from "tests/support/stage.ts";

containerTest(
  "state prints runc's keys in runc's order, indented by two, without a last newline",
  (stage) => {
    const c = stage.container((config) => config["annotations"] = { "a.b": "c" });
    c.create();
    const { code, stdout, stderr } = c.do("state");
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    const { pid, created } = JSON.parse(stdout);
    assertEquals(
      stdout,
      `{
  "ociVersion": "1.3.0",
  "id": "c1",
  "pid": ${pid},
  "status": "created",
  "bundle": "${c.bundle}",
  "rootfs": "${stage.rootfs}",
  "created": "${created}",
  "annotations": {
    "a.b": "c"
  },
  "owner": ""
}`,
    );
    assert(pid > 1 && Deno.lstatSync(`/proc/${pid}`).isDirectory, "the pid is that of a process");
    assertMatch(created, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
    assert(Math.abs(Date.parse(created) - Date.now()) < 60_000, created);
  },
);

containerTest("without annotations the key is left out", (stage) => {
  assertEquals(Object.keys(stage.container().create().state()), [
    "ociVersion",
    "id",
    "pid",
    "status",
    "bundle",
    "rootfs",
    "created",
    "owner",
  ]);
});

containerTest("a container is created, then running, then stopped with pid 0", (stage) => {
  const c = stage.container((config) => config.process.args = ["sleep", "60"]).create();
  const { pid } = c.state();
  assertEquals(c.state().status, "created");
  c.start();
  assertEquals([c.state().status, c.state().pid], ["running", pid]);
  Deno.kill(pid, "SIGKILL");
  c.await("stopped");
  assertEquals(c.state().pid, 0);
});

containerTest("a process that was given the container's pid later is not taken for it", (stage) => {
  const c = stage.container().create();
  const file = `${stage.root}/c1/state.json`;
  const record = JSON.parse(Deno.readTextFileSync(file));
  assertEquals(typeof record.startTime, "string");
  Deno.writeTextFileSync(file, JSON.stringify({ ...record, startTime: "1" }));
  assertEquals([c.state().status, c.state().pid], ["stopped", 0]);
  Deno.writeTextFileSync(file, JSON.stringify(record));
  assertEquals(c.state().status, "created");
});

containerTest("a container that an older build made is used, stopped and deleted", (stage) => {
  const c = stage.container((config) => config.process.args = ["sleep", "1000"]).create().start();
  const file = `${stage.root}/c1/state.json`;
  const { version, id, ociVersion, bundle, rootfs, created, annotations, pid, startTime, ...rest } =
    JSON.parse(Deno.readTextFileSync(file));
  const { cgroups, cgroupCreated } = rest;
  const first = { version, id, ociVersion, bundle, rootfs, created, annotations, pid, startTime };
  Deno.writeTextFileSync(file, JSON.stringify({ ...first, cgroups, cgroupCreated }));
  assertEquals(c.state().status, "running");
  assertEquals(c.do("exec", "echo", "hi").stdout, "hi\n");
  assertEquals(c.do("update", "--pids-limit", "100").code, 0);
  assertEquals(c.do("kill", "KILL").code, 0);
  c.await("stopped");
  assertEquals(c.do("delete"), { code: 0, stdout: "", stderr: "" });
  for (const cgroup of cgroupCreated) assertThrows(() => Deno.statSync(cgroup));
});

containerTest("the state of a container that is not there is an error in runc's words", (stage) => {
  const result = stage.ocirt(["state", "none"]);
  assertEquals([result.code, result.stdout], [1, ""]);
  assertEquals(messageOf(result), "container does not exist");
});

containerTest(
  "a damaged record is an error that names the file, and delete --force takes it away",
  (stage) => {
    const c = stage.container().create();
    const { pid } = c.state();
    Deno.writeTextFileSync(`${stage.root}/c1/state.json`, "{");
    const result = c.do("state");
    assertEquals([result.code, result.stdout], [1, ""]);
    assertMatch(messageOf(result), /state\.json/);
    const { code } = c.do("delete", "--force");
    assertEquals(code, 0);
    assertEquals(Array.from(Deno.readDirSync(stage.root)), []);
    Deno.kill(pid, "SIGKILL");
  },
);
