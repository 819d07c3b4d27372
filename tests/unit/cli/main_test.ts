import { assertEquals, assertMatch } from "@std/assert";
import { inTempDir } from "tests/support/temp_dir.ts";

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** One use of the program, run from its sources. */
function ocirt(...args: string[]): Ended {
  const main = new URL("../../../main.ts", import.meta.url).pathname;
  const { code, stdout, stderr } = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "--allow-all", main, ...args],
    stdin: "null",
  }).outputSync();
  const text = new TextDecoder();
  return { code, out: text.decode(stdout), err: text.decode(stderr) };
}

function fails(code: number, message: string, ...args: string[]): void {
  const ended = ocirt(...args);
  const lines = ended.err.trimEnd().split("\n");
  assertEquals([ended.code, ended.out, lines.length], [code, "", 1], ended.err);
  assertEquals(lines[0]?.replace(/^time="[^"]+" level=error msg=/, ""), JSON.stringify(message));
}

Deno.test("ocirt without a word shows its help and succeeds", () => {
  const { code, out, err } = ocirt();
  assertEquals([code, out.split("\n")[0], err], [0, "NAME:", ""]);
  assertEquals(ocirt("help").out, out);
});

Deno.test("ocirt --version begins with its name and version", () => {
  const { code, out } = ocirt("--version");
  assertEquals(code, 0);
  assertMatch(out, /^ocirt version [0-9]+\.[0-9]+\.[0-9]+\S*\ncommit: \S+\nspec: 1\.3\.0\n/);
});

Deno.test("ocirt help CMD and CMD --help show the same", () => {
  const { code, out } = ocirt("help", "state");
  assertEquals([code, out.split("\n").slice(0, 2)], [0, [
    "NAME:",
    "   ocirt state - output the state of a container",
  ]]);
  assertEquals(ocirt("state", "x", "-h").out, out);
});

Deno.test("ocirt ends with 3 for an unknown command and names the nearest", () => {
  fails(
    3,
    'Cannot run command "stat": there is none of that name; hint: did you mean "state"?',
    "stat",
    "c1",
  );
  fails(3, "No help topic for 'foo'; hint: see --help", "foo", "-h");
  fails(3, "No help topic for 'foo'; hint: see --help", "help", "foo");
});

Deno.test("ocirt counts a command's arguments in runc's words", () => {
  const hint = (name: string): string => `hint: see 'ocirt ${name} --help'`;
  fails(1, `ocirt: "start" requires exactly 1 argument(s); ${hint("start")}`, "start");
  fails(1, `ocirt: "state" requires exactly 1 argument(s); ${hint("state")}`, "state", "a", "b");
  fails(1, `ocirt: "kill" requires a minimum of 1 argument(s); ${hint("kill")}`, "kill");
  fails(
    1,
    `ocirt: "kill" requires a maximum of 2 argument(s); ${hint("kill")}`,
    "kill",
    "a",
    "b",
    "c",
  );
});

Deno.test("ocirt refuses global flags that it cannot follow", () => {
  fails(1, "invalid log-format: xml; hint: use text or json", "--log-format", "xml", "list");
  fails(1, "Option --root argument should not be set to /", "--root", "/tmp/..", "list");
});

Deno.test("ocirt --log puts failures into the file, and their bare words on standard error", () => {
  inTempDir((folder) => {
    const log = `${folder}/log`;
    const root = `${folder}/none`;
    const { code, err } = ocirt("--log", log, "--log-format=json", "--root", root, "list");
    const message = `Cannot list ${root}: ENOENT (No such file or directory)`;
    assertEquals([code, err], [1, `${message}\n`]);
    const { level, msg } = JSON.parse(Deno.readTextFileSync(log));
    assertEquals([level, msg], ["error", message]);
  });
});
