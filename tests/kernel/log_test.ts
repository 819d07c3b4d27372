import { assert, assertEquals, assertMatch } from "@std/assert";
import { messageOf } from "tests/support/ocirt.ts";
import { containerTest } from "tests/support/stage.ts";

const TIME = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`;

containerTest("a failure is one text line on standard error, as logrus writes it", (stage) => {
  const { code, stdout, stderr } = stage.ocirt(["state", "none"]);
  assertEquals([code, stdout], [1, ""]);
  assertMatch(stderr, new RegExp(`^time="${TIME}" level=error msg="container does not exist"\n$`));
});

containerTest(
  "with --log the line is in the file, and the bare sentence on standard error",
  (stage) => {
    const log = `${stage.dir}/log`;
    const { stderr } = stage.ocirt(["--log", log, "state", "none"]);
    assertEquals(stderr, "container does not exist\n");
    const line = new RegExp(`^time="${TIME}" level=error msg="container does not exist"\n$`);
    assertMatch(Deno.readTextFileSync(log), line);
    assertEquals((Deno.lstatSync(log).mode ?? 0) & 0o777, 0o644);
  },
);

containerTest(
  "JSON lines have level, msg and time, the error last, and the file is appended to",
  (stage) => {
    const log = `${stage.dir}/log.json`;
    Deno.writeTextFileSync(log, '{"earlier":1}\n');
    const c = stage.container((config) => config.process.args = ["nonesuch"]);
    const flags = ["--log", log, "--log-format", "json"];
    const { code } = stage.ocirt([...flags, "create", "-b", c.bundle, c.id]);
    assertEquals(code, 1);
    const lines = Deno.readTextFileSync(log).split("\n");
    assertEquals([lines[0], lines.at(-1)], ['{"earlier":1}', ""]);
    const last = JSON.parse(lines.at(-2) ?? "");
    assertEquals(Object.keys(last), ["level", "msg", "time"]);
    assertEquals(
      [last.level, last.msg],
      [
        "error",
        "ocirt create failed: unable to start container process: error during container init: " +
        'exec: "nonesuch": executable file not found in $PATH',
      ],
    );
    assertMatch(last.time, new RegExp(`^${TIME}$`));
  },
);

containerTest("nothing is logged by what works, even with --debug in JSON", (stage) => {
  const c = stage.container();
  const log = `${stage.dir}/log`;
  const { code, stderr } = stage.ocirt(["--debug", "--log", log, "run", "-b", c.bundle, c.id]);
  assertEquals([code, stderr], [0, ""]);
  assertEquals(/level=(warning|error)/.test(Deno.readTextFileSync(log)), false);
});

containerTest("a warning goes to the log and does not stop the container", (stage) => {
  const c = stage.container((config) => {
    config.process["capabilities"] = { bounding: ["CAP_NONSENSE", "CAP_KILL"] };
  });
  const { code, stderr } = c.run();
  assertEquals(code, 0);
  assertMatch(stderr, /level=warning msg=.*CAP_NONSENSE/);
  assertEquals(stage.ocirt(["--log-level", "error", "run", "-b", c.bundle, c.id]).stderr, "");
});

containerTest(
  "a log that cannot be opened, an unknown format or level, end the command",
  (stage) => {
    const c = stage.container();
    for (
      const [flags, words] of [
        [["--log", `${stage.dir}/none/log`], /^Cannot open log file ".*none\/log": ENOENT/],
        [["--log-format", "xml"], /^invalid log-format: xml/],
        [["--log-level", "loud"], /^invalid log-level: loud/],
      ] as const
    ) {
      const result = stage.ocirt([...flags, "create", "-b", c.bundle, c.id]);
      assertEquals([result.code, result.stdout], [1, ""]);
      assertMatch(messageOf(result), words);
    }
    assertEquals(Array.from(Deno.readDirSync(stage.root)), []);
  },
);

containerTest("the log may be standard error by its path", (stage) => {
  const result = stage.ocirt(["--log", "/dev/stderr", "state", "none"]);
  assert(result.stderr.includes('msg="container does not exist"'), result.stderr);
});
