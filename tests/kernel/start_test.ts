import { assert, assertEquals, assertMatch } from "@std/assert";
import { messageOf } from "tests/support/ocirt.ts";
import { containerTest, type Stage } from "tests/support/stage.ts";

containerTest("start makes the init the user's program, under the same pid", (stage) => {
  const c = stage.container((config) => config.process.args = ["sleep", "60"]).create();
  const { pid } = c.state();
  c.start();
  assertEquals(c.state().pid, pid);
  assertEquals(Deno.readTextFileSync(`/proc/${pid}/cmdline`), "sleep\x0060\0");
});

containerTest(
  "start of what runs, of what has stopped, and of nothing is refused in runc's words",
  (stage) => {
    const c = stage.container((config) => config.process.args = ["sleep", "60"]).create().start();
    const words = (): [number, string] => {
      const result = c.do("start");
      return [result.code, messageOf(result)];
    };
    assertEquals(words(), [1, "cannot start an already running container"]);
    Deno.kill(c.state().pid, "SIGKILL");
    c.await("stopped");
    assertEquals(words(), [1, "cannot start a container that has stopped"]);
    c.do("delete");
    assertEquals(words(), [1, "container does not exist"]);
  },
);

/** A program that the check at create time cannot see through: only execve(2) knows that it is none. */
function startOf(stage: Stage, program: string, text: string): string {
  Deno.writeTextFileSync(`${stage.rootfs}/bin/${program}`, text, { mode: 0o755 });
  const c = stage.container((config) => config.process.args = [program]).create();
  const result = c.do("start");
  assertEquals([result.code, result.stdout], [1, ""]);
  c.await("stopped");
  return messageOf(result);
}

containerTest("start tells that execve failed, and why", (stage) => {
  assertMatch(startOf(stage, "nothing", "no program\n"), /exec nothing: exec format error/);
  assertMatch(
    startOf(stage, "lost", "#!/bin/none\n"),
    /exec lost: no such file or directory; hint: the interpreter/,
  );
  assertMatch(startOf(stage, "refused", "#!/etc/passwd\n"), /exec refused: permission denied/);
});

containerTest("a container is started by one of two at once", async (stage) => {
  const c = stage.container((config) => config.process.args = ["sleep", "60"]).create();
  const both = await Promise.all([1, 2].map(() => stage.ocirtAsync(["start", c.id])));
  assertEquals(both.map(({ code }) => code).sort(), [0, 1]);
  const [loser] = both.filter(({ code }) => code === 1);
  assert(loser !== undefined);
  assertEquals(messageOf(loser), "cannot start an already running container");
});

containerTest("start takes exactly one id", (stage) => {
  for (const args of [["start"], ["start", "a", "b"]]) {
    const { code, stderr } = stage.ocirt(args);
    assertEquals(code, 1);
    assertMatch(stderr, /ocirt: \\"start\\" requires exactly 1 argument\(s\)/);
  }
});
