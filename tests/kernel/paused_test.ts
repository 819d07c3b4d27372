import { assertEquals, assertMatch } from "@std/assert";
import { hostLayout } from "runtime/cgroups/host_layout.ts";
import { controllerPlace } from "tests/support/limit_files.ts";
import { messageOf } from "tests/support/ocirt.ts";
import { execSh } from "tests/support/running.ts";
import { type Container, containerTest, type Stage } from "tests/support/stage.ts";

/** Freezes or thaws a container as another runtime's `pause` would. */
function setFrozen(stage: Stage, c: Container, frozen: boolean): void {
  const { hierarchies } = hostLayout();
  const first = hierarchies.find(({ controllers }) => controllers.includes("freezer"));
  const { mountpoint = "" } = first ?? hierarchies.find(({ version }) => version === 2) ?? {};
  const dir = `${mountpoint}${stage.cgroup}/${c.id}`;
  if (first === undefined) Deno.writeTextFileSync(`${dir}/cgroup.freeze`, frozen ? "1" : "0");
  else Deno.writeTextFileSync(`${dir}/freezer.state`, frozen ? "FROZEN" : "THAWED");
}

/** Makes a cgroup inside, with a process that stands still. */
const FREEZE_ANOTHER = `cd /sys/fs/cgroup/freezer 2>/dev/null || cd /sys/fs/cgroup
mkdir inner
sleep 1000 &
echo $! >inner/cgroup.procs
echo FROZEN >inner/freezer.state 2>/dev/null || echo 1 >inner/cgroup.freeze
until grep FROZEN inner/freezer.state 2>/dev/null || grep "frozen 1" inner/cgroup.events; do :; done
touch /dev/frozen
sleep 1000`;

function frozen(stage: Stage): Container {
  const c = stage.container((config) => config.process.args = ["sleep", "1000"]);
  c.create().start();
  setFrozen(stage, c, true);
  return c.await("paused");
}

containerTest("a container whose cgroup is frozen is paused, and running again after", (stage) => {
  const c = frozen(stage);
  assertMatch(stage.ocirt(["list"]).stdout, / paused /);
  const refused = c.do("exec", "true");
  assertEquals(refused.code, 255);
  assertMatch(messageOf(refused), /cannot exec in a paused container/);
  assertMatch(messageOf(c.do("delete")), /cannot delete container c1 that is not stopped: paused/);
  setFrozen(stage, c, false);
  c.await("running");
});

containerTest("a container that is frozen before its start is paused, and not started", (stage) => {
  const c = stage.container().create();
  setFrozen(stage, c, true);
  c.await("paused");
  assertMatch(messageOf(c.do("start")), /cannot start a container in the paused state/);
  setFrozen(stage, c, false);
  c.await("created").start().await("stopped");
});

containerTest(
  "pause and resume change the status there and back, and are refused twice",
  (stage) => {
    const c = stage.container((config) => config.process.args = ["sleep", "1000"]);
    c.create().start();
    const fine = { code: 0, stdout: "", stderr: "" };
    assertEquals(c.do("pause"), fine);
    assertEquals(c.state().status, "paused");
    assertMatch(messageOf(c.do("pause")), /container not running/);
    assertEquals(c.do("resume"), fine);
    assertEquals(c.state().status, "running");
    assertMatch(messageOf(c.do("resume")), /container not paused/);
  },
);

containerTest("SIGKILL and delete --force end a paused container", (stage) => {
  const killed = frozen(stage);
  assertEquals(killed.do("kill", "KILL").code, 0);
  killed.await("stopped");
  const all = frozen(stage);
  assertEquals(stage.ocirt(["kill", "--all", all.id, "KILL"]).code, 0);
  all.await("stopped");
  assertEquals(frozen(stage).do("delete", "--force"), { code: 0, stdout: "", stderr: "" });
});

containerTest(
  "delete --force names the cgroup in which somebody else keeps the init frozen",
  (stage) => {
    const c = stage.container((config) => config.process.args = ["sleep", "1000"]);
    const { pid } = c.create().start().state();
    const dir = `${controllerPlace("freezer")?.root}${stage.cgroup}-of-others`;
    Deno.mkdirSync(dir);
    try {
      Deno.writeTextFileSync(`${dir}/cgroup.procs`, String(pid));
      Deno.writeTextFileSync(`${dir}/freezer.state`, "FROZEN");
      const result = c.do("delete", "--force");
      assertEquals(result.code, 1);
      assertMatch(
        messageOf(result),
        new RegExp(`10 s after SIGKILL; hint: somebody has put it into ${dir}, which is frozen$`),
      );
      assertEquals(c.state().id, c.id);
    } finally {
      Deno.writeTextFileSync(`${dir}/freezer.state`, "THAWED");
      c.await("stopped");
      Deno.removeSync(dir);
    }
    assertEquals(c.do("delete"), { code: 0, stdout: "", stderr: "" });
  },
  "cgroup1:freezer",
);

/** A container that has frozen a process of its own, in a cgroup that it has made for that. */
function freezingAnother(stage: Stage): Container {
  const c = stage.container((config) => {
    config.process.args = ["sh", "-c", FREEZE_ANOTHER];
    config.linux.namespaces.push({ type: "cgroup" });
    config.mounts.push({
      destination: "/sys/fs/cgroup",
      type: "cgroup",
      source: "cgroup",
      options: ["rw"],
    });
  }).create().start();
  execSh(stage, c, "for i in $(seq 100); do test -e /dev/frozen && exit; sleep 0.1; done; false");
  return c;
}

containerTest(
  "delete --force ends what a container has frozen in a cgroup of its own",
  (stage) => {
    const c = freezingAnother(stage);
    assertEquals(c.do("delete", "--force"), { code: 0, stdout: "", stderr: "" });
    assertEquals(stage.cgroups().filter((dir) => dir.endsWith(`/${c.id}`)), []);
  },
);

containerTest("so does SIGKILL, sent to the init or to all", (stage) => {
  for (const all of [[], ["--all"]]) {
    const c = freezingAnother(stage);
    assertEquals(stage.ocirt(["kill", ...all, c.id, "KILL"]).code, 0);
    c.await("stopped");
    assertEquals(c.do("delete"), { code: 0, stdout: "", stderr: "" });
  }
});
