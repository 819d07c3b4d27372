import { assert, assertEquals } from "@std/assert";
import { OCIRT, type Result, runProgram } from "tests/support/ocirt.ts";
import { type Container, containerTest, type Stage } from "tests/support/stage.ts";

function behind(stage: Stage, lines: string, ...args: readonly string[]): Result {
  return runProgram(["/bin/bash", "-c", lines, OCIRT, "--root", stage.root, ...args]);
}

function sleeper(stage: Stage): Container {
  return stage.container((config) => config.process.args = ["sleep", "1000"]);
}

containerTest("a signal for the death of its parent stays with the runtime", (stage) => {
  const [created, ran] = [sleeper(stage), sleeper(stage)];
  const killed = 'exec setpriv --pdeathsig KILL -- "$0" "$@"';
  assertEquals(behind(stage, killed, "create", "-b", created.bundle, created.id).code, 0);
  assertEquals(behind(stage, killed, "run", "--detach", "-b", ran.bundle, ran.id).code, 0);
  const file = `${stage.dir}/pid`;
  const flags = ["--detach", "--pid-file", file];
  assertEquals(behind(stage, killed, "exec", ...flags, ran.id, "sleep", "1000").code, 0);
  assertEquals([created.state().status, ran.state().status], ["created", "running"]);
  assert(Deno.statSync(`/proc/${Deno.readTextFileSync(file)}`).isDirectory);
}, "setpriv");

containerTest("pipes that the caller has open end with the command, not the container", (stage) => {
  const c = sleeper(stage);
  // Whoever reads the pipe waits until nobody has its other end: a container that kept it would make it wait for ever.
  const open = Array.from({ length: 15 }, (_, i) => `${i + 3}>&1`).join(" ");
  const lines = `{ "$0" "$@" ${open} >/dev/null 2>&1; } | cat; echo ended`;
  const run = (...args: string[]): void =>
    assertEquals(behind(stage, lines, ...args), { code: 0, stdout: "ended\n", stderr: "" });
  run("create", "-b", c.bundle, c.id);
  run("start", c.id);
  run("exec", "--detach", c.id, "sleep", "1000");
  assertEquals(c.state().status, "running");
});

containerTest("standard input, output and error that are closed are /dev/null inside", (stage) => {
  const c = sleeper(stage);
  assertEquals(behind(stage, '"$0" "$@" 0<&- 1>&- 2>&-', "create", "-b", c.bundle, c.id).code, 0);
  const { pid } = c.start().state();
  for (const number of [0, 1, 2]) {
    assertEquals(Deno.readLinkSync(`/proc/${pid}/fd/${number}`), "/dev/null");
  }
});

containerTest("run adopts the container's orphans, unless --no-subreaper is given", (stage) => {
  const parentOfOrphan = (...flags: readonly string[]): string => {
    const c = stage.container((config) => {
      // By the time that the inner shell looks, the one that made it is gone.
      Deno.writeTextFileSync(
        `${stage.rootfs}/tmp/orphan`,
        "sleep 0.3; grep PPid /proc/$$/status | cut -f2",
      );
      config.process.args = ["sh", "-c", "(sh /tmp/orphan &); sleep 1"];
      config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== "pid");
    });
    const lines = `"$0" "$@" & echo $!; wait`;
    const { stdout } = behind(stage, lines, "run", ...flags, "-b", c.bundle, c.id);
    const [runtime, parent] = stdout.split("\n");
    assert(parent !== undefined && /^\d+$/.test(parent), stdout);
    return parent === runtime ? "runtime" : "another";
  };
  assertEquals(parentOfOrphan(), "runtime");
  assertEquals(parentOfOrphan("--no-subreaper"), "another");
});
