import { assert, assertEquals, assertMatch } from "@std/assert";
import { hostLayout } from "runtime/cgroups/host_layout.ts";
import { messageOf, type Result, runProgram } from "tests/support/ocirt.ts";
import type { Edit } from "tests/support/bundle.ts";
import { findProgram } from "scripts/test/find_program.ts";
import { requires } from "tests/support/requires.ts";
import { type Container, Stage } from "tests/support/stage.ts";
import { groupsOf, NO_SYSTEMD, systemdTest } from "tests/support/systemd.ts";

/** A unit of this test's own: no two runs may meet. */
function unitOf(stage: Stage, { id }: Container): string {
  return `ocirt_test-${nameOf(stage)}_${id}.scope`;
}

function nameOf({ cgroup }: Stage): string {
  return cgroup.slice(cgroup.lastIndexOf("-") + 1);
}

/** A sleeping container whose cgroups systemd is to make; its scope is in system.slice. */
function sleeping(stage: Stage, edit: Edit = (): void => {}): Container {
  const c = stage.container((config) => {
    config.process.args = ["sleep", "1000"];
    edit(config);
  });
  const file = `${c.bundle}/config.json`;
  const config = JSON.parse(Deno.readTextFileSync(file));
  config.linux.cgroupsPath = config.linux.cgroupsPath.startsWith("/")
    ? `:ocirt_test:${nameOf(stage)}_${c.id}`
    : config.linux.cgroupsPath;
  Deno.writeTextFileSync(file, JSON.stringify(config));
  return c;
}

function launch(stage: Stage, c: Container, ...command: readonly string[]): Result {
  return stage.ocirt(["--systemd-cgroup", ...command, "--bundle", c.bundle, c.id]);
}

/** Why `create` has failed. */
function reason(result: Result): string {
  const message = messageOf(result);
  const beginning = "ocirt create failed: ";
  assert(message.startsWith(beginning), message);
  return message.slice(beginning.length);
}

function running(stage: Stage, edit?: Edit): Container {
  const c = sleeping(stage, edit);
  assertEquals(launch(stage, c, "run", "--detach"), { code: 0, stdout: "", stderr: "" });
  return c;
}

function show(unit: string, ...properties: readonly string[]): Record<string, string> {
  const { code, stdout } = runProgram(["systemctl", "show", unit, "-p", properties.join()]);
  assertEquals(code, 0);
  const lines = stdout.trimEnd().split("\n");
  return Object.fromEntries(lines.map((line) => {
    const at = line.indexOf("=");
    return [line.slice(0, at), line.slice(at + 1)];
  }));
}

function assertGone(unit: string): void {
  assertEquals(show(unit, "LoadState"), { LoadState: "not-found" });
  for (const { mountpoint } of hostLayout().hierarchies) {
    assertEquals(findPath(`${mountpoint}/system.slice/${unit}`), false, mountpoint);
  }
}

function findPath(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return false;
    throw cause;
  }
}

Deno.test({
  name: "without systemd --systemd-cgroup is refused in runc's words, and nothing is left",
  ignore: !NO_SYSTEMD || requires("root", "busybox"),
  fn(): void {
    using stage = new Stage();
    const c = sleeping(stage);
    const result = launch(stage, c, "create");
    assertEquals(result.code, 1);
    assertEquals(
      reason(result),
      "systemd not running on this host, cannot use systemd cgroups manager",
    );
    assertEquals(Array.from(Deno.readDirSync(stage.root)), []);
  },
});

systemdTest("a container is a scope of systemd, and in its cgroup in every tree", (stage) => {
  const c = running(stage);
  const unit = unitOf(stage, c);
  assertEquals(show(unit, "ActiveState", "Slice", "Delegate", "DefaultDependencies"), {
    ActiveState: "active",
    Slice: "system.slice",
    Delegate: "yes",
    DefaultDependencies: "no",
  });
  for (const path of groupsOf(c.state().pid)) assertEquals(path, `/system.slice/${unit}`);
  assertEquals(c.do("delete", "--force"), { code: 0, stdout: "", stderr: "" });
  assertGone(unit);
});

systemdTest("the unit has the properties that runc gives it", (stage) => {
  const c = running(stage);
  const id = `${nameOf(stage)}runc`;
  const config = JSON.parse(Deno.readTextFileSync(`${c.bundle}/config.json`));
  config.linux.cgroupsPath = `:ocirt_test:${id}`;
  Deno.writeTextFileSync(`${c.bundle}/config.json`, JSON.stringify(config));
  const runc = ["runc", "--root", `${stage.dir}/runc`];
  try {
    const made = runProgram([...runc, "--systemd-cgroup", "create", "-b", c.bundle, id]);
    assertEquals([made.code, made.stderr], [0, ""]);
    const all = (unit: string, name: string): string[] =>
      runProgram(["systemctl", "show", unit]).stdout.replaceAll(name, "NAME")
        // What is measured; and what runc says later than at the start, or an older one in another way.
        .replaceAll("char-pts", "char-136")
        .split("\n").filter((line) =>
          !/^\w*(?:Timestamp|USageNSec|UsageNSec|Memory(?:Current|Available|Peak)|TasksCurrent|ControlGroupId|InvocationID|IO(?:Read|Write)|DropInPaths|NeedDaemonReload|Memory(?:Swap|ZSwap)(?:Current|Peak)|EffectiveMemory\w+|EffectiveTasksMax)\w*=/
            .test(line)
        ).sort();
    const own = all(unitOf(stage, c), `${nameOf(stage)}_${c.id}`);
    assertEquals(own, all(`ocirt_test-${id}.scope`, id));
    assert(own.length > 50, "they were shown");
  } finally {
    runProgram([...runc, "delete", "--force", id]);
  }
}, NO_SYSTEMD || findProgram("runc") === null);

systemdTest("without a cgroupsPath the scope is runc-ID in system.slice", (stage) => {
  const c = sleeping(stage, (config) => void (config.linux["cgroupsPath"] = ""));
  const id = `t${nameOf(stage)}`;
  const args = ["--systemd-cgroup", "run", "--detach", "--bundle", c.bundle, id];
  assertEquals(stage.ocirt(args), { code: 0, stdout: "", stderr: "" });
  assertEquals(show(`runc-${id}.scope`, "ControlGroup", "Description"), {
    ControlGroup: `/system.slice/runc-${id}.scope`,
    Description: `libcontainer container ${id}`,
  });
});

systemdTest("a slice is made inside those that its name begins with", (stage) => {
  const name = nameOf(stage);
  const c = running(stage, (config) => {
    config.linux["cgroupsPath"] = `ocirt${name}-a-b.slice:p:${name}`;
  });
  const path = `/ocirt${name}.slice/ocirt${name}-a.slice/ocirt${name}-a-b.slice/p-${name}.scope`;
  assertEquals(show(`p-${name}.scope`, "ControlGroup"), { ControlGroup: path });
  for (const group of groupsOf(c.state().pid)) assertEquals(group, path);
});

systemdTest("other forms of cgroupsPath are refused in runc's words", (stage) => {
  const refused = (cgroupsPath: string): string => {
    const c = sleeping(stage);
    const file = `${c.bundle}/config.json`;
    const config = JSON.parse(Deno.readTextFileSync(file));
    config.linux.cgroupsPath = cgroupsPath;
    Deno.writeTextFileSync(file, JSON.stringify(config));
    return reason(launch(stage, c, "create"));
  };
  assertEquals(
    refused("/a/b"),
    "Cannot use config.json: /linux/cgroupsPath: " +
      'expected cgroupsPath to be of format "slice:prefix:name" for systemd cgroups, got "/a/b" instead',
  );
  assertMatch(refused("a--b.slice:p:n"), /invalid slice name: a--b\.slice$/);
});

systemdTest("annotations are properties of the unit", (stage) => {
  const c = running(stage, (config) => {
    config["annotations"] = {
      "org.systemd.property.TimeoutStopSec": "7",
      "org.systemd.property.CollectMode": "'inactive-or-failed'",
    };
  });
  assertEquals(show(unitOf(stage, c), "TimeoutStopUSec", "CollectMode"), {
    TimeoutStopUSec: "7s",
    CollectMode: "inactive-or-failed",
  });
});

systemdTest("an annotation that systemd refuses leaves nothing", (stage) => {
  const c = sleeping(stage, (config) => {
    config["annotations"] = { "org.systemd.property.NoSuchThing": "1" };
  });
  assertEquals(
    reason(launch(stage, c, "create")),
    `Cannot start unit ${unitOf(stage, c)}: org.freedesktop.DBus.Error.PropertyReadOnly ` +
      "(Cannot set property NoSuchThing, or unknown property)",
  );
  assertGone(unitOf(stage, c));
  assertEquals(Array.from(Deno.readDirSync(stage.root)), []);
});

systemdTest("a container that cannot be made leaves no unit", (stage) => {
  const c = sleeping(stage, (config) => {
    config.mounts.push({ destination: "/x", type: "bind", source: "/no/such", options: ["bind"] });
  });
  assertEquals(launch(stage, c, "create").code, 1);
  assertGone(unitOf(stage, c));
});

systemdTest("somebody else's unit is refused and left alone", (stage) => {
  const c = sleeping(stage);
  const unit = unitOf(stage, c);
  const other = new Deno.Command("systemd-run", {
    args: ["--scope", "--quiet", `--unit=${unit}`, "sleep", "1000"],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    while (show(unit, "ActiveState")["ActiveState"] !== "active");
    assertEquals(
      reason(launch(stage, c, "create")),
      "container's cgroup is not empty: 1 process(es) found",
    );
    assertEquals(show(unit, "ActiveState"), { ActiveState: "active" });
  } finally {
    other.kill("SIGKILL");
  }
});

systemdTest("the remains of a unit that has failed are no hindrance", (stage) => {
  const c = sleeping(stage);
  const unit = unitOf(stage, c);
  const limit = ["-p", "RuntimeMaxSec=1"];
  runProgram(["systemd-run", "--scope", "--quiet", `--unit=${unit}`, ...limit, "sleep", "1000"]);
  // Its process has ended before systemd has taken note.
  while (show(unit, "ActiveState")["ActiveState"] === "deactivating");
  assertEquals(show(unit, "ActiveState"), { ActiveState: "failed" });
  assertEquals(launch(stage, c, "run", "--detach"), { code: 0, stdout: "", stderr: "" });
  assertEquals(show(unit, "ActiveState"), { ActiveState: "active" });
});

systemdTest("exec, pause, resume, ps and kill work without the flag", (stage) => {
  const c = running(stage);
  const unit = unitOf(stage, c);
  assertEquals(stage.ocirt(["exec", "--detach", c.id, "sleep", "1000"]).code, 0);
  const pids: number[] = JSON.parse(stage.ocirt(["ps", "--format", "json", c.id]).stdout);
  assertEquals(pids.length, 2);
  for (const path of pids.flatMap(groupsOf)) assertEquals(path, `/system.slice/${unit}`);
  assertEquals(c.do("pause").code, 0);
  assertEquals(c.state().status, "paused");
  assertEquals(c.do("resume").code, 0);
  assertEquals(c.do("kill", "KILL").code, 0);
  c.await("stopped");
  assertEquals(c.do("delete"), { code: 0, stdout: "", stderr: "" });
  assertGone(unit);
});

systemdTest("run in the foreground takes its unit away", (stage) => {
  const c = sleeping(stage, (config) => void (config.process.args = ["cat", "/proc/self/cgroup"]));
  const { code, stdout, stderr } = launch(stage, c, "run");
  assertEquals([code, stderr], [0, ""]);
  for (const line of stdout.trimEnd().split("\n")) assertMatch(line, /:\/$|scope$/);
  assertGone(unitOf(stage, c));
});

systemdTest("a container that systemd has stopped can be deleted", (stage) => {
  const c = running(
    stage,
    (config) => void (config.process.args = ["sh", "-c", "exec sleep 1000"]),
  );
  const unit = unitOf(stage, c);
  assertEquals(runProgram(["systemctl", "kill", "-s", "KILL", unit]).code, 0);
  c.await("stopped");
  assertEquals(runProgram(["systemctl", "stop", unit]).code < 6, true);
  assertEquals(c.do("delete"), { code: 0, stdout: "", stderr: "" });
  assertGone(unit);
});

systemdTest("device rules are systemd's and the runtime's own", (stage) => {
  const c = running(stage);
  const script = "mknod /dev/k c 1 11; cat /dev/k; echo $?; cat /dev/null; echo $?";
  const { stdout, stderr } = stage.ocirt(["exec", c.id, "sh", "-c", script]);
  assertEquals(stdout, "1\n0\n");
  assertMatch(stderr, /Operation not permitted/);
  const { DevicePolicy, DeviceAllow } = show(unitOf(stage, c), "DevicePolicy", "DeviceAllow");
  assertEquals([DevicePolicy, DeviceAllow !== ""], ["strict", true]);
});

systemdTest("a reload of systemd changes nothing", (stage) => {
  const c = running(stage);
  assertEquals(runProgram(["systemctl", "daemon-reload"]).code, 0);
  const script = "mknod /dev/k c 1 11; cat /dev/k; echo $?; cat /dev/null; echo $?";
  assertEquals(stage.ocirt(["exec", c.id, "sh", "-c", script]).stdout, "1\n0\n");
  for (const path of groupsOf(c.state().pid)) {
    assertEquals(path, `/system.slice/${unitOf(stage, c)}`);
  }
});

systemdTest("a user namespace of its own is no hindrance", (stage) => {
  const c = running(stage, (config) => {
    config.linux.namespaces.push({ type: "user" });
    const mapping = [{ containerID: 0, hostID: 100000, size: 65536 }];
    Object.assign(config.linux, { uidMappings: mapping, gidMappings: mapping });
    runProgram(["chown", "100000:100000", config.root.path]);
  });
  const paths = groupsOf(c.state().pid);
  for (const path of paths) assertEquals(path, `/system.slice/${unitOf(stage, c)}`);
});

systemdTest("explain names the unit", (stage) => {
  const c = sleeping(stage);
  const args = ["--systemd-cgroup", "explain", "--bundle", c.bundle];
  const { code, stdout } = stage.ocirt(args);
  assertEquals(code, 0);
  assertMatch(stdout, /have systemd start unit ocirt_test-\w+\.scope as cgroup/);
});
