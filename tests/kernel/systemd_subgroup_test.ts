import { assertEquals, assertMatch } from "@std/assert";
import { hostLayout } from "runtime/cgroups/host_layout.ts";
import type { Edit } from "tests/support/bundle.ts";
import { runProgram } from "tests/support/ocirt.ts";
import type { Container, Stage } from "tests/support/stage.ts";
import { groupsOf, systemdTest } from "tests/support/systemd.ts";

const FINE = { code: 0, stdout: "", stderr: "" };

/** A running container whose annotations these are, and the cgroup of its scope. */
function running(stage: Stage, annotations: Readonly<Record<string, string>>, edit?: Edit): {
  readonly c: Container;
  readonly scope: string;
} {
  const name = stage.cgroup.slice(stage.cgroup.lastIndexOf("-") + 1);
  const c = stage.container((config) => {
    config.process.args = ["sleep", "1000"];
    config["annotations"] = annotations;
    config.linux["cgroupsPath"] = `:ocirt_test:${name}`;
    config.linux["resources"] = { pids: { limit: 50 } };
    edit?.(config);
  });
  const args = ["--systemd-cgroup", "run", "--detach", "--bundle", c.bundle, c.id];
  assertEquals(stage.ocirt(args), FINE);
  return { c, scope: `/system.slice/ocirt_test-${name}.scope` };
}

/** Where a process is: one path, if it is the same in every tree. */
function pathsOf(pid: number): string[] {
  return [...new Set(groupsOf(pid))];
}

/** What is left of a scope in any tree. */
function remains(scope: string): string[] {
  return hostLayout().hierarchies.map(({ mountpoint }) => mountpoint + scope).filter((dir) => {
    try {
      return Deno.statSync(dir).isDirectory;
    } catch {
      return false;
    }
  });
}

/** The folder of a cgroup in the tree that counts processes. */
function pidsDirectory(group: string): string {
  const { hierarchies } = hostLayout();
  const tree = hierarchies.find(({ controllers }) => controllers.includes("pids")) ??
    hierarchies.find(({ version }) => version === 2);
  return `${tree?.mountpoint}${group}`;
}

systemdTest("run.oci.systemd.subgroup puts the container below its scope", (stage) => {
  const { c, scope } = running(stage, { "run.oci.systemd.subgroup": "outer/inner" });
  assertEquals(pathsOf(c.state().pid), [`${scope}/outer/inner`]);
  assertEquals(stage.ocirt(["exec", "--detach", c.id, "sleep", "1000"]), FINE);
  const pids: number[] = JSON.parse(stage.ocirt(["ps", "--format", "json", c.id]).stdout);
  assertEquals(pids.map(pathsOf), Array(2).fill([`${scope}/outer/inner`]));
  const limit = (group: string): string =>
    Deno.readTextFileSync(`${pidsDirectory(group)}/pids.max`).trim();
  assertEquals([scope, `${scope}/outer/inner`].map(limit), ["50", "50"]);
  assertEquals(c.do("update", "--pids-limit", "40"), FINE);
  assertEquals([scope, `${scope}/outer/inner`].map(limit), ["40", "40"]);
  assertEquals(JSON.parse(c.do("events", "--stats").stdout).data.pids.limit, 40);
  assertEquals(c.do("pause"), FINE);
  assertEquals(c.state().status, "paused");
  assertEquals(c.do("resume"), FINE);
  assertEquals(c.do("kill", "KILL"), FINE);
  c.await("stopped");
  assertEquals(c.do("delete"), FINE);
  assertEquals(remains(scope), []);
});

systemdTest(
  "an empty subgroup is none, as CRI-O asks for, and delete --force leaves none",
  (stage) => {
    const none = running(stage, { "run.oci.systemd.subgroup": "" });
    assertEquals(pathsOf(none.c.state().pid), [none.scope]);
    assertEquals(none.c.do("delete", "--force"), FINE);
    const some = running(stage, { "run.oci.systemd.subgroup": "container" });
    assertEquals(some.c.do("delete", "--force"), FINE);
    assertEquals(remains(some.scope), []);
  },
);

systemdTest("a unit whose subgroup cannot be made is taken away", (stage) => {
  const name = stage.cgroup.slice(stage.cgroup.lastIndexOf("-") + 1);
  const c = stage.container((config) => {
    config["annotations"] = {
      "run.oci.systemd.subgroup": Array(18).fill("n".repeat(250)).join("/"),
    };
    config.linux["cgroupsPath"] = `:ocirt_test:${name}`;
  });
  const args = ["--systemd-cgroup", "create", "--bundle", c.bundle, c.id];
  const { code, stderr } = stage.ocirt(args);
  assertEquals(code, 1);
  assertMatch(stderr, /Cannot create cgroup \S+n{250}: ENAMETOOLONG/);
  assertEquals(remains(`/system.slice/ocirt_test-${name}.scope`), []);
  assertEquals(Array.from(Deno.readDirSync(stage.root)), []);
});

systemdTest(
  "a delegated cgroup is below the subgroup, which its cgroup namespace begins at",
  (stage) => {
    const annotations = {
      "run.oci.systemd.subgroup": "container",
      "run.oci.delegate-cgroup": "payload",
    };
    const { c, scope } = running(stage, annotations, ({ linux }) => {
      linux.namespaces = linux.namespaces.filter(({ type }) => type !== "cgroup");
      linux.namespaces.push({ type: "cgroup" });
    });
    assertEquals(pathsOf(c.state().pid), [`${scope}/container/payload`]);
    const { stdout } = stage.ocirt(["exec", c.id, "cat", "/proc/1/cgroup", "/proc/self/cgroup"]);
    assertEquals(stdout, "0::/payload\n".repeat(2));
    assertEquals(runProgram(["systemctl", "daemon-reload"]).code, 0);
    assertEquals(pathsOf(c.state().pid), [`${scope}/container/payload`]);
    assertEquals(c.do("delete", "--force"), FINE);
    assertEquals(remains(scope), []);
  },
  hostLayout().kind !== "v2",
);
