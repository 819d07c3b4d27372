import { assert, assertEquals, assertMatch } from "@std/assert";
import { leavingNothing } from "tests/support/leftovers.ts";
import { messageOf, type Result } from "tests/support/ocirt.ts";
import { type Container, containerTest, type Stage } from "tests/support/stage.ts";

interface Hook {
  readonly path: string;
  readonly args?: readonly string[];
  readonly env?: readonly string[];
  readonly timeout?: number;
}

const ENV = ["PATH=/usr/bin:/bin"];
const GOOD: Hook = { path: "/bin/true", env: ENV };
const BAD = sh("echo seen; echo told >&2; exit 3");

function sh(script: string, more: Partial<Hook> = {}): Hook {
  return { path: "/bin/sh", args: ["sh", "-c", script], env: ENV, ...more };
}

/** A container whose poststop hook leaves a word in a file; it runs until it is killed. */
function witnessed(stage: Stage, hooks: Record<string, readonly Hook[]>): Container {
  return stage.container((config) => {
    config["hooks"] = { poststop: [sh(`echo poststop >>${witness(stage)}`)], ...hooks };
    config.process.args = ["sleep", "1000"];
  });
}

function witness(stage: Stage): string {
  return `${stage.dir}/poststop`;
}

/** Takes the word: true when it was there, once. */
function sawPoststop(stage: Stage): boolean {
  try {
    const text = Deno.readTextFileSync(witness(stage));
    Deno.removeSync(witness(stage));
    return text === "poststop\n";
  } catch {
    return false;
  }
}

/** A command that fails in one sentence, after which nothing is left, and the poststop hook has run. */
function failsWhole(stage: Stage, launch: () => Result): string {
  let message = "";
  leavingNothing(stage, () => {
    const result = launch();
    assertEquals([result.code, result.stdout], [1, ""]);
    message = messageOf(result);
    assert(sawPoststop(stage), "the poststop hook has run, once");
  });
  return message;
}

const WORDS = "exit status 3, stdout: seen\\W+stderr: told";
const IN_INIT = "unable to start container process: error during container init: ";

for (const name of ["prestart", "createRuntime", "createContainer"]) {
  containerTest(`a ${name} hook that fails ends create, and nothing is left`, (stage) => {
    const c = witnessed(stage, { [name]: [GOOD, BAD, sh("exit 4")] });
    const words = `failed: ${IN_INIT}error running ${name} hook #1: ${WORDS}`;
    assertMatch(failsWhole(stage, () => c.launch("create")), new RegExp(words));
    assertMatch(failsWhole(stage, () => c.run()), new RegExp(words));
  });
}

for (
  const [name, before] of [["startContainer", IN_INIT], ["poststart", ""]] as const
) {
  containerTest(`a ${name} hook that fails ends start, and the container with it`, (stage) => {
    const c = witnessed(stage, { [name]: [GOOD, BAD, sh("exit 4")] });
    const words = `${before}error running ${name} hook #1: ${WORDS}`;
    const started = failsWhole(stage, () => c.create().do("start"));
    assertMatch(started, new RegExp(`^${words}`));
    assertMatch(failsWhole(stage, () => c.run()), new RegExp(`^ocirt run failed: ${words}`));
    assertMatch(failsWhole(stage, () => c.run("--detach")), new RegExp(words));
  });
}

containerTest("poststop hooks that fail are warnings, and the others run", (stage) => {
  const last = sh(`echo poststop >>${witness(stage)}`);
  const c = stage.container((config) => {
    config["hooks"] = { poststop: [BAD, { path: "/none" }, sh("kill -SEGV $$"), last] };
  });
  const warned = (stderr: string): void => {
    assertMatch(stderr, /level=warning msg="error running poststop hook #0: exit status 3, stdout/);
    assertMatch(stderr, /level=warning msg="error running poststop hook #1: fork\/exec \/none: no/);
    assertMatch(stderr, /level=warning msg="error running poststop hook #2: signal: segmentation /);
    assertEquals(/level=error/.test(stderr), false);
    assert(sawPoststop(stage));
  };
  leavingNothing(stage, () => {
    const deleted = c.create().do("delete");
    assertEquals(deleted.code, 0);
    warned(deleted.stderr);
    const { code, stderr } = c.run();
    assertEquals(code, 0);
    warned(stderr);
  });
});

containerTest("a hook that is not there, or no program, is told in runc's words", (stage) => {
  const message = (path: string): string => {
    const c = witnessed(stage, { createRuntime: [{ path }] });
    return failsWhole(stage, () => c.launch("create"));
  };
  assertMatch(message("/none"), /hook #0: fork\/exec \/none: no such file or directory/);
  assertMatch(message("/etc/passwd"), /hook #0: fork\/exec \/etc\/passwd: permission denied/);
  assertMatch(message("/"), /hook #0: fork\/exec \/: permission denied/);
});

containerTest("a hook that takes too long is killed", (stage) => {
  for (const name of ["prestart", "createContainer"]) {
    const c = witnessed(stage, { [name]: [sh("exec sleep 1000", { timeout: 1 })] });
    const begin = performance.now();
    const message = failsWhole(stage, () => c.launch("create"));
    assertMatch(message, new RegExp(`${name} hook #0: hook ran past specified timeout of 1.0s$`));
    assert(performance.now() - begin < 20_000);
  }
  const c = witnessed(stage, { prestart: [sh("true", { timeout: 1000 })] }).create();
  assertEquals(c.do("delete").code, 0);
});

containerTest(
  "a signal that ends the runtime ends its hook, and what was made is undone",
  async (stage) => {
    const file = `${stage.dir}/parent`;
    const c = witnessed(stage, { createRuntime: [sh(`echo $PPID >${file}; exec sleep 1000`)] });
    const created = stage.ocirtAsync(["create", "-b", c.bundle, c.id]);
    const end = performance.now() + 20_000;
    let parent = 0;
    while (parent === 0 && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      try {
        parent = Number(Deno.readTextFileSync(file));
      } catch {
        // The hook has not come so far.
      }
    }
    Deno.kill(parent, "SIGTERM");
    const { code, stderr } = await created;
    assertEquals(code, 1);
    assertMatch(stderr, /error running createRuntime hook #0: signal: terminated, stdout: /);
    assert(sawPoststop(stage));
    assertEquals(stage.ocirt(["list", "-q"]).stdout, "");
  },
);

containerTest(
  "what a createContainer hook leaves in the container goes when create fails",
  (stage) => {
    const stays = sh("sleep 1000 >/dev/null 2>&1 &");
    const c = stage.container((config) => {
      config["hooks"] = {
        createContainer: [stays, BAD],
        poststop: [sh(`echo poststop >>${witness(stage)}`)],
      };
      // The end of its first process is not the end of the others then.
      config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== "pid");
    });
    assertMatch(failsWhole(stage, () => c.launch("create")), /createContainer hook #1/);
  },
);

containerTest(
  "delete --force has poststop hooks too, and a damaged file keeps nobody from it",
  (stage) => {
    const c = witnessed(stage, {}).create().start();
    assertEquals(c.do("delete", "--force"), { code: 0, stdout: "", stderr: "" });
    assert(sawPoststop(stage));

    leavingNothing(stage, () => {
      c.create().start();
      Deno.writeTextFileSync(`${stage.root}/${c.id}/config.json`, "{");
      const { code, stderr } = c.do("delete", "--force");
      assertEquals(code, 0);
      assertMatch(stderr, /level=warning msg="Cannot run poststop hooks: .*config\.json/);
    });

    leavingNothing(stage, () => {
      c.create();
      Deno.removeSync(`${stage.root}/${c.id}/config.json`);
      assertMatch(c.do("delete").stderr, /level=warning msg="Cannot run poststop hooks: .*ENOENT/);
    });
  },
);

containerTest("a container that fails before its hooks has no poststop hooks to run", (stage) => {
  const c = stage.container((config) => {
    config["hooks"] = { prestart: [GOOD], poststop: [sh(`echo poststop >>${witness(stage)}`)] };
    config.mounts.push({ destination: "/tmp", type: "moonfs", source: "x" });
  });
  leavingNothing(stage, () => assertEquals(c.launch("create").code, 1));
  assertEquals(sawPoststop(stage), false);
});
