import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { messageOf, OCIRT, type Result, runProgram } from "tests/support/ocirt.ts";
import { inTempDir } from "tests/support/temp_dir.ts";

const COMMANDS = [
  "create",
  "delete",
  "explain",
  "features",
  "kill",
  "list",
  "run",
  "sandbox",
  "spec",
  "start",
  "state",
];

function ocirt(...args: readonly string[]): Result {
  return runProgram([OCIRT, ...args]);
}

Deno.test("help is printed by no command, help, h, --help and -h alike, with every command in it", () => {
  const help = ocirt();
  assertEquals([help.code, help.stderr], [0, ""]);
  for (const args of [["help"], ["h"], ["--help"], ["-h"]]) {
    assertEquals(ocirt(...args), help, args.join(" "));
  }
  for (const command of COMMANDS) assertMatch(help.stdout, new RegExp(`^   ${command} +\\w`, "m"));
});

Deno.test("every command explains itself on --help, -h and as a topic, without doing anything", () => {
  for (const command of COMMANDS) {
    const help = ocirt(command, "--help");
    assertEquals([command, help.code, help.stderr], [command, 0, ""]);
    assertStringIncludes(help.stdout, `NAME:\n   ocirt ${command} - `);
    assertEquals(ocirt("help", command), help, command);
  }
  assertEquals(ocirt("state", "-h"), ocirt("state", "--help"));
  assertEquals(ocirt("delete", "--force", "x", "--help").code, 0);
});

Deno.test("--version tells name, version, commit and spec version on lines of their own", () => {
  const { code, stdout, stderr } = ocirt("--version");
  assertEquals([code, stderr], [0, ""]);
  const lines = stdout.split("\n");
  assertMatch(lines[0] ?? "", /^ocirt version \d+\.\d+\.\d+$/);
  assertMatch(lines[1] ?? "", /^commit: \S+$/);
  assertEquals(lines[2], "spec: 1.3.0");
  assertEquals(ocirt("-v").stdout, stdout);
});

Deno.test("a link of another name presents itself by that name", () => {
  inTempDir((dir) => {
    Deno.symlinkSync(OCIRT, `${dir}/runc`);
    const { stdout } = runProgram([`${dir}/runc`, "--version"]);
    assertMatch(stdout, /^runc version /);
    const help = runProgram([`${dir}/runc`, "help", "spec"]).stdout;
    assertStringIncludes(help, "NAME:\n   runc spec - ");
    assertEquals(/ocirt/.test(help), false);
    const failure = runProgram([`${dir}/runc`, "start"]);
    assertMatch(messageOf(failure), /^runc: "start" requires exactly 1 argument\(s\)/);
  });
});

Deno.test("an unknown command or flag is one sentence with what may have been meant", () => {
  for (
    const [args, words] of [
      [["statee", "x"], /^Cannot run command "statee": .*hint: did you mean "state"\?$/],
      [["zzz"], /^Cannot run command "zzz": there is none of that name; hint: see --help$/],
      [["--rooot", "x"], /^Cannot use flag --rooot: .*--root is one/],
      [["list", "--quit"], /^Cannot use flag --quit: .*--quiet is one/],
      [["state", "--version"], /^Cannot use flag --version: there is no such flag/],
      [["help", "zzz"], /^No help topic for 'zzz'/],
      [["--root"], /^Cannot use flag --root: it needs a value/],
      [["--root", "/", "list"], /^Option --root argument should not be set to \/$/],
      [["create", "--preserve-fds", "-1", "x"], /"-1" is not a whole number of 0 or more/],
    ] as const
  ) {
    const result = ocirt(...args);
    assert(result.code > 0, args.join(" "));
    assertEquals(result.stdout, "");
    assertMatch(messageOf(result), words);
  }
});

Deno.test("a wrong number of arguments is told in runc's words, and exits 1", () => {
  for (
    const [args, words] of [
      [["state"], '"state" requires exactly 1 argument(s)'],
      [["create", "a", "b"], '"create" requires exactly 1 argument(s)'],
      [["kill"], '"kill" requires a minimum of 1 argument(s)'],
      [["list", "x"], '"list" requires exactly 0 argument(s)'],
      [["delete"], '"delete" requires exactly 1 argument(s)'],
    ] as const
  ) {
    const result = ocirt(...args);
    assertEquals([result.code, result.stdout], [1, ""]);
    assertStringIncludes(messageOf(result), words);
  }
});

Deno.test("the program's flags may stand behind a command as well", () => {
  const dir = Deno.makeTempDirSync();
  try {
    const log = `${dir}/log.json`;
    const flags = ["--root", dir, "--log", log, "--log-format=json", "--debug"];
    assertEquals(ocirt("list", "--quiet", ...flags), { code: 0, stdout: "", stderr: "" });
    assertEquals(ocirt("state", "none", ...flags), {
      code: 1,
      stdout: "",
      stderr: "container does not exist\n",
    });
    const [line = ""] = Deno.readTextFileSync(log).split("\n");
    assertEquals(JSON.parse(line).msg, "container does not exist");
    // The one behind counts.
    assertEquals(ocirt("--root", `${dir}/none`, "list", "-q", "--root", dir).code, 0);
    assertEquals(ocirt("--root", dir, "list", "-q", "--root", `${dir}/none`).code, 1);
    // What belongs to the program of exec is none of these.
    assertMatch(messageOf(ocirt("exec", "none", "true", "--root", "/")), /does not exist$/);
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
});
