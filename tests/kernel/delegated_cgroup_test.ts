import { assertEquals, assertMatch } from "@std/assert";
import { hostLayout } from "runtime/cgroups/host_layout.ts";
import type { Edit, TestConfig } from "tests/support/bundle.ts";
import { messageOf } from "tests/support/ocirt.ts";
import { requires } from "tests/support/requires.ts";
import { execSh, sleeper } from "tests/support/running.ts";
import { type Container, containerTest, Stage } from "tests/support/stage.ts";

const ANNOTATION = "run.oci.delegate-cgroup";
const FINE = { code: 0, stdout: "", stderr: "" };
const LIMIT = 64 << 20;

function delegated(config: TestConfig): void {
  config["annotations"] = { [ANNOTATION]: "/payload" };
  config.linux["resources"] = { memory: { limit: LIMIT }, pids: { limit: 50 } };
  config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== "cgroup");
  config.linux.namespaces.push({ type: "cgroup" });
  config.mounts = config.mounts.filter(({ destination }) => destination !== "/sys/fs/cgroup");
  config.mounts.push({
    destination: "/sys/fs/cgroup",
    type: "cgroup",
    source: "cgroup",
    options: ["nosuid", "nodev", "noexec", "rw"],
  });
}

/** In a user namespace, whose root the delegated cgroup is for. */
const inUserNamespace: Edit = (config) => {
  delegated(config);
  config.linux.namespaces.push({ type: "user" });
  for (const kind of ["uid", "gid"]) {
    config.linux[`${kind}Mappings`] = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
  }
};

/** The container's own cgroup, on a host of version 2. */
function directory(stage: Stage, { id }: Container): string {
  return `${hostLayout().hierarchies[0]?.mountpoint}${stage.cgroup}/${id}`;
}

function inside(process: number): string {
  return Deno.readTextFileSync(`/proc/${process}/cgroup`).trim();
}

function pidsOf(stage: Stage, c: Container): number[] {
  return JSON.parse(stage.ocirt(["ps", "--format", "json", c.id]).stdout);
}

containerTest("a delegated cgroup is below the root of the cgroup namespace", (stage) => {
  const c = sleeper(stage, delegated);
  assertEquals(inside(c.state().pid), `0::${stage.cgroup}/${c.id}/payload`);
  assertEquals(execSh(stage, c, "cat /proc/1/cgroup /proc/self/cgroup"), "0::/payload\n".repeat(2));
  assertEquals(execSh(stage, c, "cd /sys/fs/cgroup; cat cgroup.procs; ls -d payload"), "payload\n");
}, "cgroup2 alone");

containerTest("limits are those of the cgroup above, and change there", (stage) => {
  const c = sleeper(stage, delegated);
  const dir = directory(stage, c);
  const read = (file: string): string => Deno.readTextFileSync(`${dir}/${file}`).trim();
  assertEquals([read("memory.max"), read("payload/memory.max")], [String(LIMIT), "max"]);
  assertEquals(c.do("update", "--memory", "96M"), FINE);
  assertEquals([read("memory.max"), read("payload/memory.max")], [String(96 << 20), "max"]);
  const stats = JSON.parse(c.do("events", "--stats").stdout);
  assertEquals(stats.data.memory.usage.limit, 96 << 20);
  assertEquals(stats.data.pids.current > 0, true);
}, "cgroup2 alone");

containerTest(
  "all commands reach the processes of a delegated cgroup, and nothing is left",
  (stage) => {
    const c = sleeper(stage, delegated);
    assertEquals(stage.ocirt(["exec", "--detach", c.id, "sleep", "1000"]), FINE);
    const pids = pidsOf(stage, c);
    assertEquals(pids.map(inside), Array(2).fill(`0::${stage.cgroup}/${c.id}/payload`));
    assertEquals(c.do("pause"), FINE);
    assertEquals(c.state().status, "paused");
    assertEquals(c.do("resume"), FINE);
    assertEquals(stage.ocirt(["kill", "--all", c.id, "KILL"]), FINE);
    c.await("stopped");
    assertEquals(c.do("delete"), FINE);
    const forced = sleeper(stage, delegated);
    assertEquals(forced.do("delete", "--force"), FINE);
    const own = (dir: string): boolean => /\/c\d+(?:\/|$)/.test(dir);
    assertEquals(stage.cgroups().filter(own), []);
  },
  "cgroup2 alone",
);

containerTest("root of a user namespace does as it likes in its delegated cgroup", (stage) => {
  const c = sleeper(stage, inUserNamespace);
  const owner = (name: string): number =>
    Deno.statSync(`${directory(stage, c)}/payload${name}`).uid ?? -1;
  const names = ["", "/cgroup.procs", "/cgroup.subtree_control", "/memory.max"];
  assertEquals(names.map(owner), [100_000, 100_000, 100_000, 0]);
  const script = `cd /sys/fs/cgroup/payload
mkdir below beside
echo 1 >below/cgroup.procs
echo $$ >beside/cgroup.procs
echo +memory +pids >cgroup.subtree_control
echo 7 >below/pids.max
cat /proc/1/cgroup`;
  assertEquals(execSh(stage, c, script), "0::/payload/below\n");
  // The delegated cgroup takes no process any more.
  assertEquals(execSh(stage, c, "cat /proc/self/cgroup"), "0::/payload/below\n");
}, "cgroup2 alone");

containerTest("hooks in the container are in the delegated cgroup", (stage) => {
  const path = `${stage.rootfs}/groups`;
  const c = stage.container((config) => {
    delegated(config);
    config.root.readonly = false;
    const hook = (shell: string, file: string): unknown => ({
      path: shell,
      args: ["sh", "-c", `cat /proc/self/cgroup >>${file}`],
    });
    config["hooks"] = {
      createContainer: [hook("/bin/sh", path)],
      startContainer: [hook("/bin/sh", "/groups")],
    };
  });
  c.create().start();
  assertEquals(Deno.readTextFileSync(path), "0::/payload\n".repeat(2));
}, "cgroup2 alone");

Deno.test({
  name: "a delegated cgroup is refused by the annotation's name where it is not safe",
  ignore: requires("root", "busybox") || hostLayout().kind === "v2",
  fn(): void {
    using stage = new Stage();
    const c = stage.container(delegated);
    const result = c.launch("create");
    assertEquals(result.code, 1);
    assertMatch(
      messageOf(result),
      /config\.json: \/annotations\/run\.oci\.delegate-cgroup: it needs a host where cgroup version 2 is alone$/,
    );
    assertEquals([stage.cgroups(), Array.from(Deno.readDirSync(stage.root))], [[], []]);
  },
});

containerTest("explain tells of a delegated cgroup, or why there can be none", (stage) => {
  const c = stage.container(delegated);
  const { code, stdout } = stage.ocirt(["explain", "--bundle", c.bundle]);
  assertEquals(code, 0);
  const expected = hostLayout().kind === "v2"
    ? /create cgroup "\S+\/c1\/payload" and move the init into it, once its cgroup namespace is made/
    : /\/annotations\/run\.oci\.delegate-cgroup: it needs a host .*, so create refuses it/;
  assertMatch(stdout, expected);
});

containerTest("without cgroups none is delegated", (stage) => {
  const c = stage.container((config) => {
    delegated(config);
    delete config.linux["resources"];
  });
  const args = ["--cgroup-manager", "disabled", "create", "--bundle", c.bundle, c.id];
  const message = messageOf(stage.ocirt(args));
  assertMatch(message, /\/annotations\/run\.oci\.delegate-cgroup: there is no cgroup to be below/);
});
