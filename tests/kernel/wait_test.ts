import { assertEquals, assertMatch } from "@std/assert";
import { messageOf } from "tests/support/ocirt.ts";
import { type Container, containerTest, type Stage } from "tests/support/stage.ts";

function shell(stage: Stage, script: string): Container {
  return stage.container((config) => config.process.args = ["sh", "-c", script]);
}

interface Exit {
  readonly status: number;
  readonly signal: number | null;
  readonly oomKilled: boolean;
  readonly started: string | null;
  readonly finished: string;
}

function exitOf(container: Container): Exit {
  return container.state()["exit"] as Exit;
}

containerTest("run --keep leaves on record how the container ended", (stage) => {
  const container = shell(stage, "exit 7");
  assertEquals(container.run("--keep").code, 7);
  const { status, signal, oomKilled, started, finished } = exitOf(container);
  assertEquals([status, signal, oomKilled], [7, null, false]);
  const { created } = container.state();
  const times = [String(created), started ?? "", finished].map((time) => time.slice(0, 19));
  assertEquals(times, times.toSorted());
  for (const time of times) assertMatch(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/);
});

containerTest("a signal is on record by its number", (stage) => {
  // The first process of a pid namespace cannot kill itself.
  const container = stage.container((config) => {
    config.process.args = ["sh", "-c", "kill -9 $$"];
    config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== "pid");
  });
  assertEquals(container.run("--keep").code, 0x80 + 9);
  assertEquals([exitOf(container).status, exitOf(container).signal], [0x80 + 9, 9]);
});

containerTest(
  "wait ends with the container, with its exit status, whoever is its parent",
  async (stage) => {
    const container = stage.container((config) => config.process.args = ["sleep", "1000"]).create();
    const waits = [
      stage.ocirtAsync(["wait", container.id]),
      stage.ocirtAsync(["wait", container.id]),
    ];
    container.start();
    assertEquals(container.do("kill", "TERM").code, 0);
    assertEquals(container.do("kill", "KILL").code, 0);
    for (const wait of waits) {
      assertEquals(await wait, { code: 0x80 + 9, stdout: "", stderr: "" });
    }
    container.await("stopped");
    assertEquals(exitOf(container).signal, 9);
    assertEquals(container.do("wait"), { code: 0x80 + 9, stdout: "", stderr: "" });
  },
);

containerTest(
  "a container that runs has no exit on record, nor has one that nobody watched",
  (stage) => {
    const container = stage.container((config) => config.process.args = ["sleep", "1000"]).create();
    assertEquals(exitOf(container), undefined);
    assertEquals(exitOf(container.start()), undefined);
  },
);

containerTest("wait for a container that is not there is told", (stage) => {
  const result = stage.ocirt(["wait", "nobody"]);
  assertEquals(result.code, 1);
  assertEquals(messageOf(result), "container does not exist");
});

containerTest("a damaged record of the end is told, and delete takes it away", (stage) => {
  const container = shell(stage, "exit 3");
  container.run("--keep");
  Deno.writeTextFileSync(`${stage.root}/${container.id}/exit.json`, "{}");
  assertMatch(messageOf(container.do("state")), /exit\.json: it is damaged; hint: /);
  assertEquals(container.do("delete"), { code: 0, stdout: "", stderr: "" });
  assertEquals(Array.from(Deno.readDirSync(stage.root)), []);
});
