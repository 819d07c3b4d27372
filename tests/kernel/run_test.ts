import { assert, assertEquals } from "@std/assert";
import { messageOf, OCIRT } from "tests/support/ocirt.ts";
import { leavingNothing } from "tests/support/leftovers.ts";
import { containerTest, type Stage } from "tests/support/stage.ts";

containerTest("run passes standard input, output, error and the exit status through", (stage) => {
  const c = stage.container((config) =>
    config.process.args = ["sh", "-c", "cat; echo error >&2; exit 7"]
  );
  assertEquals(stage.ocirt(["run", "-b", c.bundle, c.id], { stdin: "input" }), {
    code: 7,
    stdout: "input",
    stderr: "error\n",
  });
});

containerTest("a program that a signal ended gives 128 and the signal", (stage) => {
  // Pid 1 of a pid namespace is safe from its own signals (pid_namespaces(7)), so it stays in the host's.
  const c = stage.container((config) => {
    config.process.args = ["sh", "-c", "kill -TERM $$"];
    config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== "pid");
  });
  assertEquals(c.run().code, 128 + 15);
});

containerTest(
  "run leaves nothing, whether the program succeeds, fails or cannot be run",
  (stage) => {
    leavingNothing(stage, () => {
      for (const [program, code] of [["true", 0], ["false", 1], ["none", 1]] as const) {
        const c = stage.container((config) => config.process.args = [program]);
        assertEquals(c.run().code, code);
        Deno.removeSync(c.bundle, { recursive: true });
      }
    });
  },
);

containerTest("run --keep leaves a stopped container", (stage) => {
  const c = stage.container();
  assertEquals(c.run("--keep").code, 0);
  assertEquals([c.state().status, c.state().pid], ["stopped", 0]);
  assert(stage.cgroups().some((path) => path.endsWith("/c1")), "its cgroup is kept too");
  assertEquals(c.do("delete").code, 0);
  assertEquals(stage.cgroups().filter((path) => path.endsWith("/c1")), []);
});

containerTest("run --detach returns while the container runs, pid file written", (stage) => {
  const c = stage.container((config) => config.process.args = ["sleep", "60"]);
  const file = `${stage.dir}/pid`;
  assertEquals(c.run("--detach", "--pid-file", file), { code: 0, stdout: "", stderr: "" });
  assertEquals(c.state().status, "running");
  assertEquals(Deno.readTextFileSync(file), String(c.state().pid));
});

containerTest(
  "a program that is not there is told with run's prefix, and 1 is the status",
  (stage) => {
    const c = stage.container((config) => config.process.args = ["nonesuch"]);
    const result = c.run();
    assertEquals([result.code, result.stdout], [1, ""]);
    assertEquals(
      messageOf(result),
      "ocirt run failed: unable to start container process: error during container init: " +
        'exec: "nonesuch": executable file not found in $PATH',
    );
  },
);

/** Starts run in the foreground and waits until the container's program has said that it is there. */
async function foreground(stage: Stage, script: string): Promise<Deno.ChildProcess> {
  const c = stage.container((config) => {
    config.process.args = ["sh", "-c", `${script} echo >/tmp/there; while :; do sleep 0.05; done`];
    config.root.readonly = false;
  });
  const child = new Deno.Command(OCIRT, {
    args: ["--root", stage.root, "run", "-b", c.bundle, c.id],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const end = performance.now() + 20_000;
  while (performance.now() < end) {
    try {
      Deno.lstatSync(`${stage.rootfs}/tmp/there`);
      return child;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
  throw new Error("Cannot see the container's program start");
}

for (const signal of ["SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT", "SIGUSR1", "SIGUSR2"] as const) {
  containerTest(
    `run in the foreground forwards ${signal} to the container's init`,
    async (stage) => {
      const child = await foreground(stage, `trap 'echo got; exit 3' ${signal.slice(3)};`);
      child.kill(signal);
      const { code, stdout } = await child.output();
      assertEquals([code, new TextDecoder().decode(stdout)], [3, "got\n"]);
      assertEquals(Array.from(Deno.readDirSync(stage.root)), []);
    },
  );
}

containerTest("a container that another command deletes ends its run with 137", async (stage) => {
  const child = await foreground(stage, "");
  assertEquals(stage.ocirt(["delete", "--force", "c1"]), { code: 0, stdout: "", stderr: "" });
  assertEquals((await child.output()).code, 128 + 9);
});

containerTest(
  "processes that outlive the program of a shared pid namespace are ended with the run",
  (stage) => {
    leavingNothing(stage, () => {
      const c = stage.container((config) => {
        config.process.args = ["sh", "-c", "sleep 1000 & exit 0"];
        config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== "pid");
      });
      assertEquals(c.run().code, 0);
      Deno.removeSync(c.bundle, { recursive: true });
    });
  },
);
