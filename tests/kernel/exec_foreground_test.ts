import { assert, assertEquals, assertMatch } from "@std/assert";
import { adoptOrphans, leavingNothing, reapOrphans } from "tests/support/leftovers.ts";
import { messageOf, OCIRT, runProgram } from "tests/support/ocirt.ts";
import { Pty, type PtyProgram } from "tests/support/pty.ts";
import { Random } from "tests/support/random.ts";
import { exec, execSh, processFile, sleeper } from "tests/support/running.ts";
import { type Container, containerTest, type Stage } from "tests/support/stage.ts";

const AT_ONCE = 20;
const KILLS = 20;
const SEED = 20_261_121;

/** Runs `exec --tty` in a pseudo terminal. */
function execIn(
  pty: Pty,
  stage: Stage,
  args: readonly string[],
  program: PtyProgram = {},
): Pty {
  return pty.start([OCIRT, "--root", stage.root, "exec", "--tty", ...args], program);
}

/** Waits, in turns with whatever else runs here, until something is so. */
async function until(what: string, isSo: () => boolean): Promise<void> {
  const end = performance.now() + 20_000;
  while (!isSo()) {
    if (performance.now() > end) throw new Error(`Not so after 20 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function spawnExec(stage: Stage, args: readonly string[]): Deno.ChildProcess {
  return new Deno.Command(OCIRT, {
    args: ["--root", stage.root, "exec", ...args],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
}

/** Names of the processes of a container, as the host sees them; ended ones that nobody has reaped are no more. */
function namesIn(stage: Stage, c: Container): string[] {
  const dir = stage.cgroups().find((path) => path.endsWith(`/${c.id}`));
  if (dir === undefined) return [];
  return Deno.readTextFileSync(`${dir}/cgroup.procs`).split("\n").flatMap((pid) => {
    try {
      const status = Deno.readTextFileSync(`/proc/${Number(pid)}/status`);
      return /^State:\tZ/m.test(status) ? [] : [/^Name:\t(.*)$/m.exec(status)?.[1] ?? ""];
    } catch {
      return [];
    }
  });
}

containerTest(
  "exec --tty gives a shell that can be typed to, as large as the caller's terminal",
  async (stage) => {
    const c = sleeper(stage);
    using pty = new Pty({ rows: 33, columns: 99 });
    const settings = pty.settings();
    execIn(pty, stage, [c.id, "sh"]);
    await pty.waitFor(/# /);
    pty.type("stty size; tty; echo $((40 + 2))\r");
    await pty.waitFor(/\n33 99\r\n\/dev\/pts\/0\r\n42\r\n/);
    pty.resize({ rows: 44, columns: 88 });
    // The new size comes with a signal, which is faster than any of these lines is typed; but nothing says so.
    pty.type("until [ \"$(stty size)\" = '44 88' ]; do :; done; echo it $((1 + 1)) is\r");
    await pty.waitFor(/it 2 is/);
    pty.type("exit 9\r");
    assertEquals(await pty.end(), 9);
    assertEquals(pty.settings(), settings);
  },
);

containerTest("without --tty exec has no terminal, though the container has one", async (stage) => {
  const c = sleeper(stage);
  assertEquals(exec(stage, c, { args: ["tty"] }), { code: 1, stdout: "not a tty\n", stderr: "" });
  using pty = new Pty();
  pty.start([OCIRT, "--root", stage.root, "exec", c.id, "sh", "-c", "test -t 1 && echo yes"]);
  assertEquals(await pty.end(), 0);
  assertEquals(pty.shown, "yes\r\n");
});

containerTest(
  "exec --process with a terminal is as large as its consoleSize says",
  async (stage) => {
    const c = sleeper(stage);
    const consoleSize = { height: 17, width: 71 };
    const file = processFile(stage, { args: ["stty", "size"], terminal: true, consoleSize });
    using pty = new Pty();
    pty.start([OCIRT, "--root", stage.root, "exec", "--process", file, c.id]);
    assertEquals(await pty.end(), 0);
    assertEquals(pty.shown, "17 71\r\n");
  },
);

containerTest("each exec --tty has a terminal of its own, owned by its user", async (stage) => {
  const c = sleeper(stage);
  using first = new Pty();
  using second = new Pty();
  const script = "tty; stat -c '%u %g %a' $(tty); read x";
  execIn(first, stage, ["--user", "1000", c.id, "sh", "-c", script]);
  await first.waitFor(/\/dev\/pts\/0\r\n1000 5 620/);
  execIn(second, stage, [c.id, "sh", "-c", script]);
  await second.waitFor(/\/dev\/pts\/1\r\n0 5 620/);
  first.type("\r");
  second.type("\r");
  assertEquals([await first.end(), await second.end()], [0, 0]);
});

containerTest(
  "the caller's terminal is as it was when exec --tty fails or its process is killed",
  async (stage) => {
    const c = sleeper(stage);
    for (
      const [args, code, text] of [
        [["nonesuch"], 255, /executable file not found in \$PATH"\r\n$/],
        [["sh", "-c", "echo there; kill -KILL $$"], 128 + 9, /^there\r\n$/],
      ] as const
    ) {
      using pty = new Pty();
      const settings = pty.settings();
      assertEquals(await execIn(pty, stage, [c.id, ...args]).end(), code);
      assertMatch(pty.shown, text);
      assertEquals(pty.settings(), settings);
    }
  },
);

containerTest(
  "exec --tty ends when the container does, and the terminal is as it was",
  async (stage) => {
    const c = sleeper(stage);
    using pty = new Pty();
    const settings = pty.settings();
    execIn(pty, stage, [c.id, "sh", "-c", "echo there; exec sleep 1000"]);
    await pty.waitFor(/there/);
    assertEquals(c.do("kill", "KILL").code, 0);
    assertEquals(await pty.end(), 128 + 9);
    assertEquals(pty.settings(), settings);
  },
);

containerTest("without any terminal exec --tty fails, says why, and starts nothing", (stage) => {
  const c = sleeper(stage);
  const argv = [OCIRT, "--root", stage.root, "exec", "--tty", c.id, "sleep", "999"];
  const result = runProgram(["setsid", "-w", ...argv]);
  assertEquals([result.code, result.stdout], [255, ""]);
  assertMatch(
    messageOf(result),
    /^exec failed: open \/dev\/tty: no such device or address; hint: /,
  );
  assertEquals(namesIn(stage, c), ["sleep"]);
});

for (const signal of ["SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT", "SIGUSR1", "SIGUSR2"] as const) {
  containerTest(
    `exec in the foreground forwards ${signal} to its process, not to the init`,
    async (stage) => {
      const c = sleeper(stage, (config) => {
        config.root.readonly = false;
        config.process.args = [
          "sh",
          "-c",
          `trap 'exit 1' ${signal.slice(3)}; while :; do sleep 0.05; done`,
        ];
      });
      const script = `trap 'exit 3' ${
        signal.slice(3)
      }; : >/tmp/there; while :; do sleep 0.05; done`;
      const child = spawnExec(stage, [c.id, "sh", "-c", script]);
      await until("its process is there", () => exists(`${stage.rootfs}/tmp/there`));
      child.kill(signal);
      assertEquals((await child.status).code, 3);
      assertEquals(c.state().status, "running");
    },
  );
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

containerTest("a process that closes its streams is waited for all the same", (stage) => {
  const c = sleeper(stage);
  const script = "exec <&- >&- 2>&-; sleep 0.2; exit 4";
  assertEquals(exec(stage, c, { args: ["sh", "-c", script] }).code, 4);
});

containerTest("exec ends with its process, though that leaves others behind", (stage) => {
  const c = sleeper(stage);
  const script = "sleep 999 >/dev/null 2>&1 & exit 5";
  assertEquals(exec(stage, c, { args: ["sh", "-c", script] }).code, 5);
  // The one left behind is still called sh until it executes sleep.
  assertEquals(namesIn(stage, c).length, 2);
});

containerTest(`${AT_ONCE} execs at once each get their own output and status`, async (stage) => {
  const c = sleeper(stage);
  const results = await Promise.all(
    Array.from(
      { length: AT_ONCE },
      (_, i) =>
        stage.ocirtAsync(["exec", "-e", `N=${i}`, c.id, "sh", "-c", "echo $N; exit $((100 + N))"]),
    ),
  );
  assertEquals(
    results,
    results.map((_, i) => ({ code: 100 + i, stdout: `${i}\n`, stderr: "" })),
  );
  assertEquals(namesIn(stage, c), ["sleep"]);
});

containerTest("many execs leave nothing behind", (stage) => {
  leavingNothing(stage, () => {
    const c = sleeper(stage);
    for (let i = 0; i < 30; i++) {
      assertEquals(
        exec(stage, c, { args: i % 2 === 0 ? ["true"] : ["nonesuch"] }).code,
        i % 2 * 255,
      );
    }
    assertEquals(namesIn(stage, c), ["sleep"]);
    assertEquals(c.do("delete", "--force").code, 0);
    Deno.removeSync(c.bundle, { recursive: true });
  });
});

containerTest(
  "execs while the container is deleted end, each in its way, and nothing is left",
  async (stage) => {
    adoptOrphans();
    const c = sleeper(stage);
    const execs = Array.from(
      { length: 8 },
      () => stage.ocirtAsync(["exec", c.id, "sleep", "1000"]),
    );
    await until("some of them are there", () => namesIn(stage, c).length > 2);
    const deleted = stage.ocirtAsync(["delete", "--force", c.id]);
    for (const { code, stdout } of await Promise.all(execs)) {
      assert([255, 128 + 9].includes(code), `the status is ${code}`);
      assertEquals(stdout, "");
    }
    assertEquals(await deleted, { code: 0, stdout: "", stderr: "" });
    assertEquals(stage.cgroups().filter((path) => path.endsWith(c.id)), []);
  },
);

/** Starts exec, kills the runtime after so many milliseconds, and says whether that was in time. */
async function killedAfter(stage: Stage, args: readonly string[], delay: number): Promise<boolean> {
  const child = spawnExec(stage, args);
  // A timer is too coarse for a command of some ten milliseconds.
  const end = performance.now() + delay;
  while (performance.now() < end);
  try {
    child.kill("SIGKILL");
  } catch {
    // It has ended.
  }
  return (await child.status).signal === "SIGKILL";
}

for (const flags of [[], ["--detach"]]) {
  const name = ["exec", ...flags].join(" ");
  containerTest(
    `a runtime that is killed in the middle of ${name} leaves the container in order`,
    async (stage) => {
      adoptOrphans();
      const c = sleeper(stage);
      const args = [...flags, c.id, "true"];
      const begin = performance.now();
      await spawnExec(stage, args).status;
      let duration = performance.now() - begin;
      const random = new Random(SEED);
      let kills = 0;
      for (let time = 0; time < KILLS; time++) {
        const delay = duration * (0.3 + 0.8 * random.below(1000) / 1000);
        // The machine's speed changes: a command that was faster than its kill says so.
        if (await killedAfter(stage, args, delay)) kills++;
        else duration *= 0.9;
        await until("nothing half-made is left", () => namesIn(stage, c).join() === "sleep");
        assertEquals(c.state().status, "running");
        assertEquals(execSh(stage, c, "echo still here"), "still here\n");
      }
      assert(kills > 0, "every kill came too late");
      reapOrphans();
      assertEquals(c.do("delete", "--force"), { code: 0, stdout: "", stderr: "" });
      assertEquals(stage.cgroups().filter((path) => path.endsWith(c.id)), []);
      assertEquals(Array.from(Deno.readDirSync(stage.root)), []);
    },
  );
}
