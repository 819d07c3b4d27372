import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Edit } from "tests/support/bundle.ts";
import { leavingNothing, leftovers } from "tests/support/leftovers.ts";
import { messageOf, OCIRT, runProgram } from "tests/support/ocirt.ts";
import { Pty, type PtyProgram } from "tests/support/pty.ts";
import { type Container, containerTest, type Stage } from "tests/support/stage.ts";

/** A container whose process has a terminal. */
function interactive(
  stage: Stage,
  args: readonly string[],
  edit: Edit = (): void => {},
): Container {
  return stage.container((config) => {
    config.process["terminal"] = true;
    config.process.args = [...args];
    edit(config);
  });
}

function runIn(pty: Pty, stage: Stage, c: Container, program: PtyProgram = {}): Pty {
  return pty.start([OCIRT, "--root", stage.root, "run", "-b", c.bundle, c.id], program);
}

/** Runs shell lines in a container with a terminal; gives what was shown and the exit status. */
async function shown(
  stage: Stage,
  script: string,
  edit?: Edit,
): Promise<{ text: string; code: number }> {
  using pty = new Pty();
  const code = await runIn(pty, stage, interactive(stage, ["sh", "-c", script], edit)).end();
  return { text: pty.shown, code };
}

containerTest(
  "a shell in a terminal can be typed to, and its exit status passes",
  async (stage) => {
    using pty = new Pty();
    runIn(pty, stage, interactive(stage, ["sh"]));
    await pty.waitFor(/# /);
    pty.type("echo $((40 + 2)) $(tty)\r");
    await pty.waitFor(/\n42 \/dev\/pts\/0\r\n/);
    pty.type("exit 9\r");
    assertEquals(await pty.end(), 9);
  },
);

containerTest(
  "run prints what the container prints to its terminal, and nothing else",
  async (stage) => {
    assertEquals(await shown(stage, "echo one; echo two >&2; exit 4"), {
      text: "one\r\ntwo\r\n",
      code: 4,
    });
  },
);

containerTest("the terminal is as large as the caller's, or as consoleSize says", async (stage) => {
  const size = async (edit?: Edit): Promise<string> => {
    using pty = new Pty({ rows: 31, columns: 111 });
    await runIn(pty, stage, interactive(stage, ["stty", "size"], edit)).end();
    return pty.shown;
  };
  assertEquals(await size(), "31 111\r\n");
  const given = { height: 12, width: 34 };
  assertEquals(await size((config) => config.process["consoleSize"] = given), "12 34\r\n");
});

containerTest(
  "another size of the caller's window reaches the container's program",
  async (stage) => {
    using pty = new Pty();
    const script = "trap 'stty size; exit 0' WINCH; echo ready; while :; do sleep 0.05; done";
    runIn(pty, stage, interactive(stage, ["sh", "-c", script]));
    await pty.waitFor(/ready/);
    pty.resize({ rows: 41, columns: 141 });
    await pty.waitFor(/41 141/);
    assertEquals(await pty.end(), 0);
  },
);

containerTest(
  "Ctrl-C interrupts the program in the container, and not the runtime",
  async (stage) => {
    using pty = new Pty();
    runIn(pty, stage, interactive(stage, ["sh"]));
    await pty.waitFor(/# /);
    // A person types Ctrl-C when the program is there.
    pty.type("sh -c 'echo is $((40+2)); exec sleep 1000'\r");
    await pty.waitFor(/is 42/);
    pty.type("\x03");
    await pty.waitFor(/# /);
    pty.type("exit 6\r");
    assertEquals(await pty.end(), 6);
  },
);

containerTest("end of input ends the program that reads the terminal", async (stage) => {
  using pty = new Pty();
  runIn(pty, stage, interactive(stage, ["cat"]));
  pty.type("line\r");
  await pty.waitFor(/line\r\nline\r\n/);
  pty.type("\x04");
  assertEquals(await pty.end(), 0);
});

const ENDS: Readonly<Record<string, (pty: Pty, stage: Stage, c: Container) => void>> = {
  "the program ends": (pty) => pty.type("exit 5\r"),
  "the container is killed": (_pty, stage, c) => {
    assertEquals(stage.ocirt(["kill", c.id, "KILL"]).code, 0);
  },
  "the container is deleted": (_pty, stage, c) => {
    assertEquals(stage.ocirt(["delete", "--force", c.id]).code, 0);
  },
  "the runtime gets SIGTERM": (pty) => Deno.kill(pty.pid, "SIGTERM"),
  "the runtime gets SIGHUP": (pty) => Deno.kill(pty.pid, "SIGHUP"),
};

for (const [how, end] of Object.entries(ENDS)) {
  containerTest(`the caller's terminal is as it was when ${how}`, async (stage) => {
    const c = interactive(stage, [
      "sh",
      "-c",
      "trap 'exit 5' TERM HUP; echo there; read x; exit 5",
    ]);
    const before = leftovers(stage);
    using pty = new Pty();
    const settings = pty.settings();
    runIn(pty, stage, c);
    await pty.waitFor(/there/);
    assert(String(pty.settings()) !== String(settings), "the terminal is not raw");
    end(pty, stage, c);
    const code = await pty.end();
    assertEquals(code, how.startsWith("the container") ? 128 + 9 : 5);
    assertEquals(pty.settings(), settings);
    const { files, mounts, cgroups, processes } = leftovers(stage);
    assertEquals(
      { files, mounts, cgroups, processes },
      {
        files: before.files,
        mounts: before.mounts,
        cgroups: before.cgroups,
        processes: before.processes,
      },
    );
  });
}

containerTest(
  "the caller's terminal is as it was when the start fails, and the reason is legible",
  async (stage) => {
    Deno.writeFileSync(`${stage.rootfs}/bin/broken`, new Uint8Array([0x7f, 0x45, 0x4c, 0x46]), {
      mode: 0o755,
    });
    for (
      const [program, words] of [
        ["nonesuch", /executable file not found in \$PATH/],
        ["broken", /exec format error/],
      ] as const
    ) {
      using pty = new Pty();
      const settings = pty.settings();
      assertEquals(await runIn(pty, stage, interactive(stage, [program])).end(), 1);
      assertEquals(pty.settings(), settings);
      assertMatch(pty.shown, words);
      assertEquals(pty.shown.split("\r\n").length, 2, pty.shown);
      assertEquals(Array.from(Deno.readDirSync(stage.root)), []);
    }
  },
);

containerTest("a newline goes out as it is where standard output is no terminal", async (stage) => {
  using pty = new Pty();
  const c = interactive(stage, ["printf", "a\nb\r\n"]);
  await runIn(pty, stage, c, { redirect: `>${stage.dir}/out` }).end();
  assertEquals(Deno.readTextFileSync(`${stage.dir}/out`), "a\nb\r\n");
  assertEquals(pty.shown, "");
});

containerTest("large output arrives whole, though its program has ended", async (stage) => {
  const script = "seq 1 150000";
  using pty = new Pty();
  const c = interactive(stage, ["sh", "-c", script]);
  assertEquals(await runIn(pty, stage, c).end(), 0);
  const expected = Array.from({ length: 150_000 }, (_, i) => `${i + 1}\r\n`).join("");
  assert(expected.length > 1 << 20);
  assert(pty.shown === expected, `${pty.shown.length} of ${expected.length} bytes`);
});

containerTest(
  "large output arrives whole at a reader that is slow and at one that never waits",
  async (stage) => {
    for (const reader of ['sh -c "sleep 0.3; cat"', "cat"]) {
      using pty = new Pty();
      const c = interactive(stage, ["seq", "1", "50000"]);
      await runIn(pty, stage, c, { redirect: `| ${reader} >${stage.dir}/${c.id}.out` }).end();
      const expected = Array.from({ length: 50_000 }, (_, i) => `${i + 1}\n`).join("");
      assert(Deno.readTextFileSync(`${stage.dir}/${c.id}.out`) === expected);
    }
  },
);

containerTest("a reader of the output that goes away does not end the container", async (stage) => {
  using pty = new Pty();
  const c = interactive(stage, ["sh", "-c", "seq 1 50000; exit 3"]);
  await runIn(pty, stage, c, { redirect: "| true" }).end();
  assertEquals(Array.from(Deno.readDirSync(stage.root)), []);
});

containerTest(
  "standard input that is no terminal is typed, and its end ends the shell",
  async (stage) => {
    for (
      const [input, output] of [
        ["echo got it\nexit 3\n", 3],
        ["echo got it\n", 0],
      ] as const
    ) {
      Deno.writeTextFileSync(`${stage.dir}/input`, input);
      using pty = new Pty();
      const c = interactive(stage, ["sh"]);
      const code = await runIn(pty, stage, c, { redirect: `<${stage.dir}/input` }).end();
      assertMatch(pty.shown, /got it/);
      assertEquals([input, code], [input, output], pty.shown);
    }
  },
);

containerTest(
  "input from a file reaches a program that reads lines, the last one without a newline too",
  async (stage) => {
    Deno.writeTextFileSync(`${stage.dir}/input`, "one\ntwo");
    using pty = new Pty();
    const c = interactive(stage, ["sh", "-c", "stty -echo; cat; echo; echo end"]);
    const code = await runIn(pty, stage, c, { redirect: `<${stage.dir}/input` }).end();
    assertEquals(code, 0);
    assertMatch(pty.shown, /one\r\ntwo\r\nend\r\n$/);
  },
);

containerTest("without any terminal the run fails, says why, and leaves nothing", (stage) => {
  leavingNothing(stage, () => {
    const c = interactive(stage, ["true"]);
    const argv = [OCIRT, "--root", stage.root, "run", "-b", c.bundle, c.id];
    const result = runProgram(["setsid", "-w", ...argv]);
    assertEquals([result.code, result.stdout], [1, ""]);
    assertEquals(
      messageOf(result),
      "ocirt run failed: open /dev/tty: no such device or address; " +
        "hint: a foreground process with a terminal needs one on this side too",
    );
    Deno.removeSync(c.bundle, { recursive: true });
  });
});

containerTest(
  "with all three streams redirected the controlling terminal is used",
  async (stage) => {
    using pty = new Pty({ rows: 20, columns: 60 });
    const settings = pty.settings();
    const c = interactive(stage, ["sh", "-c", "stty size; cat"]);
    const redirect = `</dev/null >${stage.dir}/out 2>${stage.dir}/err`;
    assertEquals(await runIn(pty, stage, c, { redirect }).end(), 0);
    assertMatch(Deno.readTextFileSync(`${stage.dir}/out`), /^20 60\n/);
    assertEquals(Deno.readTextFileSync(`${stage.dir}/err`), "");
    assertEquals(pty.settings(), settings);
  },
);

for (const peer of ["runc-1.1.5", "crun-1.8.1"]) {
  containerTest(`the bundle that ${peer} writes runs in a terminal, unchanged`, async (stage) => {
    const fixture = new URL(`../fixtures/spec/${peer}.json`, import.meta.url);
    Deno.copyFileSync(fixture, `${stage.dir}/config.json`);
    using pty = new Pty();
    const argv = [OCIRT, "--root", stage.root, "run", stage.cgroup.slice(1)];
    pty.start(argv, { cwd: stage.dir });
    await pty.waitFor(/# /);
    pty.type("hostname; exit 4\r");
    await pty.waitFor(new RegExp(`\\n${peer.slice(0, 4)}\r\n`));
    assertEquals(await pty.end(), 4);
  });
}
