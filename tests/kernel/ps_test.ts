import { assertEquals, assertMatch } from "@std/assert";
import { messageOf } from "tests/support/ocirt.ts";
import { type Container, containerTest, type Stage } from "tests/support/stage.ts";

function sleeping(stage: Stage): Container {
  return stage.container((config) => config.process.args = ["sleep", "1000"]).create().start();
}

containerTest("ps shows the host's table, the container's lines alone", (stage) => {
  const container = sleeping(stage);
  sleeping(stage);
  const { code, stdout, stderr } = container.do("ps");
  assertEquals([code, stderr], [0, ""]);
  const [header = "", ...rows] = stdout.trimEnd().split("\n");
  assertMatch(header, /^UID +PID +PPID +C +STIME +TTY +TIME +CMD$/);
  assertEquals(rows.length, 1);
  assertMatch(rows[0] ?? "", new RegExp(`^root +${container.state().pid} .* sleep 1000$`));
}, "ps");

containerTest("options behind the id are those of ps", (stage) => {
  const container = sleeping(stage);
  const { stdout } = container.do("ps", "-e", "-o", "pid,args");
  assertMatch(stdout, /^ +PID COMMAND\n *\d+ sleep 1000\n$/);
});

containerTest("in JSON the pids are alone, also those that exec put there", (stage) => {
  const container = sleeping(stage);
  assertEquals(container.do("exec", "--detach").code, 255);
  assertEquals(stage.ocirt(["exec", "--detach", container.id, "sleep", "1000"]).code, 0);
  const { code, stdout } = stage.ocirt(["ps", "--format", "json", container.id]);
  assertEquals(code, 0);
  const pids = JSON.parse(stdout) as number[];
  assertEquals(pids.length, 2);
  assertEquals(pids.includes(container.state().pid), true);
  assertEquals(stdout, `[${pids.join(",")}]\n`);
});

containerTest("a stopped container has no processes, and that is no error", (stage) => {
  const container = stage.container().create().start().await("stopped");
  assertEquals(stage.ocirt(["ps", "-f", "json", container.id]), {
    code: 0,
    stdout: "null\n",
    stderr: "",
  });
  assertEquals(container.do("ps").stdout.split("\n").length, 2);
}, "ps");

containerTest("what ps cannot show is told in one sentence", (stage) => {
  const container = sleeping(stage);
  const noColumn = container.do("ps", "-o", "args");
  assertEquals(noColumn.code, 1);
  assertEquals(
    messageOf(noColumn),
    "Cannot show processes: couldn't find PID field in ps output",
  );
  assertMatch(messageOf(container.do("ps", "--nonsense")), /^Cannot show processes: ps: error: /);
  assertEquals(messageOf(stage.ocirt(["ps", "nobody"])), "container does not exist");
});
