import { assertEquals, assertMatch } from "@std/assert";
import { OCIRT, runProgram } from "tests/support/ocirt.ts";
import { containerTest } from "tests/support/stage.ts";

containerTest(
  "the compiled code lies in a file system that is mounted nowhere, and the engine takes all of it",
  async (stage) => {
    const c = stage.container((config) => config.process.args = ["sh", "-c", "echo; sleep 1000"]);
    const run = new Deno.Command(OCIRT, {
      args: ["--root", stage.root, "run", "-b", c.bundle, c.id],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const output = run.stdout.getReader();
    try {
      assertEquals((await output.read()).value, new Uint8Array([10]));
      const folder = `/proc/${run.pid}/fd/250`;
      assertEquals(Deno.readLinkSync(folder), "/");
      assertEquals(Deno.statSync(`${folder}/v8_code_cache_v2`).mode, 0o100600);
      // What the engine had to compile itself would be in the log by now.
      assertEquals(Deno.statSync(`${folder}/v8_code_cache_v2-wal`).size, 0);
      const device = Deno.statSync(folder).dev;
      const mounts = Deno.readTextFileSync(`/proc/${run.pid}/mountinfo`);
      assertEquals(mounts.split("\n").filter((line) => line.split(" ")[2] === `0:${device}`), []);
    } finally {
      c.do("kill", "KILL");
      await output.cancel();
      await run.status;
    }
  },
);

containerTest(
  "who may not mount, or has few descriptors, has the engine compile the program",
  () => {
    for (const wrapper of [["setpriv", "--reuid=12345"], ["prlimit", "--nofile=100:100"]]) {
      const { code, stdout, stderr } = runProgram([...wrapper, OCIRT, "--version"]);
      assertMatch(stdout, /^ocirt version /);
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
    }
  },
);
