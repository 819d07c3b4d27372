import { assertEquals, assertMatch } from "@std/assert";
import type { Edit, TestConfig } from "tests/support/bundle.ts";
import { messageOf, type Result } from "tests/support/ocirt.ts";
import { type Container, containerTest, type Stage } from "tests/support/stage.ts";

const FINE: Result = { code: 0, stdout: "", stderr: "" };

/** `--cgroup-manager disabled`, as Podman passes it for `--cgroups=disabled`. */
function launch(stage: Stage, c: Container, ...command: readonly string[]): Result {
  return stage.ocirt(["--cgroup-manager=disabled", ...command, "--bundle", c.bundle, c.id]);
}

function withoutLimits({ linux }: TestConfig): void {
  delete linux["resources"];
}

function running(stage: Stage, edit: Edit = (): void => {}): Container {
  const c = stage.container((config) => {
    withoutLimits(config);
    config.process.args = ["sh", "-c", "sleep 1000 & sleep 1000; :"];
    edit(config);
  });
  assertEquals(launch(stage, c, "create"), FINE);
  c.start();
  awaitThree(stage, c);
  return c;
}

function awaitThree(stage: Stage, c: Container): void {
  const end = performance.now() + 20_000;
  while (pidsOf(stage, c).length < 3) {
    if (performance.now() > end) throw new Error(`${c.id} has ${pidsOf(stage, c)}`);
  }
}

function pidsOf(stage: Stage, c: Container): number[] {
  const { code, stdout } = stage.ocirt(["ps", "--format", "json", c.id]);
  assertEquals(code, 0);
  return JSON.parse(stdout);
}

function cgroupOf(process: number | "self"): string {
  return Deno.readTextFileSync(`/proc/${process}/cgroup`);
}

function withoutPids({ linux }: TestConfig): void {
  linux.namespaces = linux.namespaces.filter(({ type }) => type !== "pid");
}

containerTest(
  "with --cgroup-manager disabled a container stays in its caller's cgroups",
  (stage) => {
    const c = running(stage);
    assertEquals(cgroupOf(c.state().pid), cgroupOf("self"));
    assertEquals(stage.cgroups(), []);
    assertEquals(c.state().status, "running");
    const [first = 0] = pidsOf(stage, c);
    assertEquals(first, c.state().pid);
    assertEquals(c.do("exec", "true"), FINE);
    assertEquals(c.do("kill", "KILL"), FINE);
    c.await("stopped");
    assertEquals(c.do("delete"), FINE);
  },
);

containerTest("run and delete --force leave nothing of a container without cgroups", (stage) => {
  const c = stage.container((config) => {
    withoutLimits(config);
    config.process.args = ["sh", "-c", "exit 7"];
  });
  assertEquals(launch(stage, c, "run"), { ...FINE, code: 7 });
  const forced = running(stage);
  const pids = pidsOf(stage, forced);
  assertEquals(forced.do("delete", "--force"), FINE);
  assertGone(pids);
  assertEquals(Array.from(Deno.readDirSync(stage.root)), []);
});

containerTest("without a pid namespace its processes are found by their parents", (stage) => {
  const ends: readonly ((c: Container) => Result)[] = [
    (c) => c.do("kill", "KILL"),
    (c) => stage.ocirt(["kill", "--all", c.id, "KILL"]),
    (c) => c.do("delete", "--force"),
  ];
  for (const end of ends) {
    const c = stage.container((config) => {
      withoutLimits(config);
      withoutPids(config);
      config.process.args = ["sh", "-c", "sleep 1000 & sleep 1000; :"];
    });
    const { code, stderr } = launch(stage, c, "create");
    assertEquals(code, 0);
    assertMatch(stderr, /no cgroup and no pid namespace of its own/);
    c.start();
    awaitThree(stage, c);
    const pids = pidsOf(stage, c);
    assertEquals(end(c), FINE);
    assertGone(pids);
    stage.ocirt(["delete", "--force", c.id]);
  }
});

containerTest("in another container's pid namespace its processes are its own alone", (stage) => {
  const neighbour = running(stage);
  const before = pidsOf(stage, neighbour);
  const path = `/proc/${neighbour.state().pid}/ns/pid`;
  for (const [command, word] of [["kill", "KILL"], ["delete", "--force"]] as const) {
    const c = stage.container((config) => {
      withoutLimits(config);
      withoutPids(config);
      config.linux.namespaces.push({ type: "pid", path });
      config.process.args = ["sh", "-c", "sleep 1000 & sleep 1000; :"];
    });
    assertEquals(launch(stage, c, "create").code, 0);
    c.start();
    awaitThree(stage, c);
    const pids = pidsOf(stage, c);
    assertEquals(pids.filter((pid) => before.includes(pid)), []);
    assertEquals(c.do(command, word), FINE);
    assertGone(pids);
    const after = pidsOf(stage, neighbour);
    assertEquals(before.filter((pid) => !after.includes(pid)), []);
    stage.ocirt(["delete", "--force", c.id]);
  }
});

containerTest("what it starts while it is killed does not outlive it", (stage) => {
  const mark = `${4_000_000 + Deno.pid}`;
  const c = stage.container((config) => {
    withoutLimits(config);
    withoutPids(config);
    config.process.args = ["sh", "-c", `while :; do sleep ${mark} & done`];
  });
  assertEquals(launch(stage, c, "create").code, 0);
  c.start();
  awaitThree(stage, c);
  assertEquals(c.do("kill", "KILL"), FINE);
  assertEquals(sleepersOf(mark), []);
  stage.ocirt(["delete", "--force", c.id]);
});

/** Living processes that sleep so long; ends them. */
function sleepersOf(mark: string): number[] {
  const found = Array.from(Deno.readDirSync("/proc"), ({ name }) => Number(name))
    .filter((pid) => readOrNothing(`/proc/${pid}/cmdline`).split("\0").includes(mark));
  for (const pid of found) Deno.kill(pid, "SIGKILL");
  return found;
}

function readOrNothing(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}

function assertGone(pids: readonly number[]): void {
  const alive = pids.filter((pid) => {
    try {
      return !/^State:\t[ZX]/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
    } catch {
      return false;
    }
  });
  assertEquals(alive, []);
}

containerTest(
  "limits are refused that there would be no cgroup for, and nothing is left",
  (stage) => {
    const c = stage.container(({ linux }) => {
      linux["resources"] = { memory: { limit: 64 << 20 }, pids: { limit: 9 }, cpu: { shares: 0 } };
    });
    const result = launch(stage, c, "create");
    assertEquals(result.code, 1);
    const why = "there is no limit without a cgroup: --cgroup-manager is disabled";
    for (const limit of ["memory/limit", "pids/limit"]) {
      assertMatch(messageOf(result), new RegExp(`/linux/resources/${limit}: ${why}`));
    }
    assertEquals(messageOf(result).includes("cpu"), false);
    assertEquals(Array.from(Deno.readDirSync(stage.root)), []);
  },
);

containerTest("device rules are told to be without force, and do not stop it", (stage) => {
  const c = stage.container(({ linux }) => {
    linux["resources"] = { devices: [{ allow: false, access: "rwm" }] };
  });
  const { code, stderr } = launch(stage, c, "run");
  assertEquals(code, 0);
  assertMatch(
    stderr,
    /\/linux\/resources\/devices: not in force, for --cgroup-manager is disabled/,
  );
});

containerTest("pause, update and events say that it has no cgroup", (stage) => {
  const c = running(stage);
  for (const [command, ...more] of [["pause"], ["update", "--pids-limit", "9"]] as const) {
    const result = c.do(command, ...more);
    assertEquals(result.code, 1);
    assertMatch(
      messageOf(result),
      /the container has none; hint: none has any that was made with /,
    );
  }
  assertEquals(c.do("events", "--stats").code, 0);
});
