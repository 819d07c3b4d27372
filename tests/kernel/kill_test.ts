import { assertEquals, assertMatch } from "@std/assert";
import { messageOf } from "tests/support/ocirt.ts";
import { type Container, containerTest, type Stage } from "tests/support/stage.ts";

/** A running container whose program writes the signals it gets to /tmp/log of the rootfs. */
function listener(stage: Stage): Container {
  const traps = ["HUP", "INT", "USR1", "USR2", "TERM", "ABRT", "ALRM", "34", "64"];
  const lines = traps.map((name) => `trap 'echo ${name} >>/tmp/log' ${name};`).join(" ");
  const c = stage.container((config) => {
    config.process.args = [
      "sh",
      "-c",
      `${lines} echo ready >/tmp/log; while :; do sleep 0.02; done`,
    ];
    config.root.readonly = false;
  });
  c.create().start();
  awaitLog(stage, "ready\n");
  return c;
}

function awaitLog(stage: Stage, text: string): void {
  const end = performance.now() + 10_000;
  let log = "";
  while (log !== text && performance.now() < end) {
    try {
      log = Deno.readTextFileSync(`${stage.rootfs}/tmp/log`);
    } catch {
      // The program has not come that far.
    }
  }
  assertEquals(log, text);
}

containerTest(
  "a signal is a number or a name, with or without SIG, in any case; SIGTERM if none",
  (stage) => {
    const c = listener(stage);
    let log = "ready\n";
    for (
      const [word, name] of [
        [null, "TERM"],
        ["1", "HUP"],
        ["SIGINT", "INT"],
        ["usr1", "USR1"],
        ["sigUsr2", "USR2"],
        ["6", "ABRT"],
        ["ALRM", "ALRM"],
        ["34", "34"],
        ["RTMIN", "34"],
        ["SIGRTMAX", "64"],
      ] as const
    ) {
      const result = c.do("kill", ...word === null ? [] : [word]);
      assertEquals([word, result], [word, { code: 0, stdout: "", stderr: "" }]);
      log += `${name}\n`;
      awaitLog(stage, log);
    }
  },
);

containerTest("an unknown signal is refused and named", (stage) => {
  const c = listener(stage);
  for (const word of ["NONE", "SIG", "-1", "65", "9x", "1.5"]) {
    const result = c.do("kill", word);
    assertEquals([word, result.code], [word, 1]);
    assertMatch(messageOf(result), new RegExp(`unknown signal "${word}"`));
  }
  assertEquals(c.state().status, "running");
});

containerTest("kill of what has stopped is refused in the words that callers look for", (stage) => {
  const c = stage.container().create().start().await("stopped");
  const result = c.do("kill", "KILL");
  assertEquals([result.code, messageOf(result)], [1, "container not running"]);
  assertEquals(c.do("kill", "--all", "KILL").code, 1, "flags end at the id");
  const all = stage.ocirt(["kill", "--all", c.id, "KILL"]);
  assertEquals(all, { code: 0, stdout: "", stderr: "" });
});

containerTest("kill of what is not there is refused", (stage) => {
  const result = stage.ocirt(["kill", "none", "KILL"]);
  assertEquals([result.code, messageOf(result)], [1, "container does not exist"]);
});

containerTest("a created container can be killed before it is started", (stage) => {
  const c = stage.container().create();
  assertEquals(c.do("kill", "KILL"), { code: 0, stdout: "", stderr: "" });
  c.await("stopped");
  assertEquals(c.do("delete"), { code: 0, stdout: "", stderr: "" });
});

/** A container in the host's pid namespace, of a shell and a child of its. */
function pair(stage: Stage): Container {
  const c = stage.container((config) => {
    config.process.args = ["sh", "-c", "sleep 1000 & echo $! >/tmp/child; wait; sleep 1000"];
    config.root.readonly = false;
    config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== "pid");
  });
  c.create().start();
  const end = performance.now() + 10_000;
  while (childOf(stage) === 0 && performance.now() < end);
  return c;
}

function childOf(stage: Stage): number {
  try {
    return Number(Deno.readTextFileSync(`${stage.rootfs}/tmp/child`));
  } catch {
    return 0;
  }
}

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
  } catch {
    return false;
  }
}

function awaitEnd(pid: number): boolean {
  const end = performance.now() + 10_000;
  while (isAlive(pid) && performance.now() < end);
  return !isAlive(pid);
}

containerTest(
  "SIGKILL reaches every process of a container that shares its pid namespace",
  (stage) => {
    const c = pair(stage);
    const { pid } = c.state();
    assertEquals(c.do("kill", "KILL").code, 0);
    assertEquals([awaitEnd(pid), awaitEnd(childOf(stage))], [true, true]);
  },
);

containerTest("kill --all signals every process of the container", (stage) => {
  const c = pair(stage);
  const { pid } = c.state();
  assertEquals(stage.ocirt(["kill", "--all", c.id, "TERM"]).code, 0);
  assertEquals([awaitEnd(pid), awaitEnd(childOf(stage))], [true, true]);
});

containerTest("a created container ends by what would end any other process", async (stage) => {
  for (
    const [signal, status] of [["TERM", 128 + 15], ["INT", 128 + 2], ["USR1", 128 + 10]] as const
  ) {
    const container = stage.container().create();
    const waiting = stage.ocirtAsync(["wait", container.id]);
    assertEquals(container.do("kill", "WINCH").code, 0);
    assertEquals(container.do("kill", signal).code, 0);
    assertEquals((await waiting).code, status, signal);
    container.await("stopped");
  }
});

containerTest(
  "a started program finds none of the signals blocked that its init waited for",
  (stage) => {
    assertEquals(stage.sh("grep SigBlk /proc/self/status"), "SigBlk:\t0000000000000000\n");
  },
);
