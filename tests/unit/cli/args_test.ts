import { assertEquals, assertThrows } from "@std/assert";
import type { Flag } from "runtime/base/command.ts";
import { UsageError } from "runtime/base/errors.ts";
import { type Parsed, parseTokens } from "runtime/cli/args.ts";

const FLAGS: readonly Flag[] = [
  { name: "detach", short: "d", type: "boolean", help: "" },
  { name: "no-pivot", type: "boolean", help: "" },
  { name: "tty", short: "t", type: "boolean", help: "" },
  { name: "bundle", short: "b", type: "string", help: "" },
  { name: "memory", type: "string", help: "" },
  { name: "format", short: "f", type: "string", help: "", choices: ["table", "json"] },
  { name: "preserve-fds", type: "number", help: "", fallback: 0 },
  { name: "env", short: "e", type: "list", help: "" },
  { name: "all", short: "a", type: "boolean", help: "", hidden: true },
];

function parse(...tokens: string[]): Parsed {
  return parseTokens(tokens, {
    flags: FLAGS,
    stopAtFirstPositional: false,
    help: "ocirt run --help",
  });
}

function refuses(message: string, ...tokens: string[]): void {
  const { message: text } = assertThrows(() => parse(...tokens), UsageError);
  assertEquals(text, `Cannot use flag ${message}`);
}

Deno.test("parseTokens() knows every flag, given or not", () =>
  assertEquals(parse("c1"), {
    flags: {
      detach: false,
      "no-pivot": false,
      tty: false,
      bundle: null,
      memory: null,
      format: null,
      "preserve-fds": 0,
      env: [],
      all: false,
    },
    positionals: ["c1"],
  }));

Deno.test("parseTokens() takes a value behind a space or an equals sign, with one dash or two", () => {
  for (
    const tokens of [["--bundle", "/x"], ["--bundle=/x"], ["-bundle", "/x"], ["-bundle=/x"], [
      "-b",
      "/x",
    ], ["-b=/x"]]
  ) assertEquals(parse(...tokens).flags["bundle"], "/x", tokens.join(" "));
});

Deno.test("parseTokens() takes flags behind the positionals", () => {
  const { flags, positionals } = parse("c1", "--memory", "1024", "-d");
  assertEquals([flags["memory"], flags["detach"], positionals], ["1024", true, ["c1"]]);
});

Deno.test("parseTokens() takes values that begin with a dash, hold equals signs, or are empty", () => {
  assertEquals(parse("--memory", "-1").flags["memory"], "-1");
  assertEquals(parse("--memory", "--").flags["memory"], "--");
  assertEquals(parse("--memory=a=b").flags["memory"], "a=b");
  assertEquals(parse("--memory=").flags["memory"], "");
  assertEquals(parse("--memory", "").flags["memory"], "");
  assertEquals(parse("--memory", "two\nlines").flags["memory"], "two\nlines");
});

Deno.test("parseTokens() collects list flags in order and does not split at commas", () =>
  assertEquals(parse("-e", "A=1,2", "--env=B", "--env", "C=").flags["env"], [
    "A=1,2",
    "B",
    "C=",
  ]));

Deno.test("parseTokens() takes grouped letters, the last of which may have a value", () => {
  const { flags } = parse("-dt");
  assertEquals([flags["detach"], flags["tty"]], [true, true]);
  assertEquals(parse("-db", "/x").flags["bundle"], "/x");
  refuses(
    `-b: it needs a value, so it must be the last in "-bd"; hint: see 'ocirt run --help'`,
    "-bd",
  );
});

Deno.test("parseTokens() reads the last of repeated flags, and false switches one off", () => {
  assertEquals(parse("--bundle", "a", "--bundle", "b").flags["bundle"], "b");
  assertEquals(parse("--no-pivot", "--no-pivot=false").flags["no-pivot"], false);
  assertEquals(parse("--no-pivot=0", "--no-pivot").flags["no-pivot"], true);
});

Deno.test("parseTokens() leaves the word behind a boolean flag alone", () =>
  assertEquals(parse("--detach", "false").positionals, ["false"]));

Deno.test("parseTokens() keeps positionals as the texts they are", () =>
  assertEquals(parse("123", "0x10", "-", "--", "-1", "--detach", "--").positionals, [
    "123",
    "0x10",
    "-",
    "-1",
    "--detach",
    "--",
  ]));

Deno.test("parseTokens() stops at the first positional where the grammar says so", () => {
  const { flags, positionals } = parseTokens(["-a", "c1", "-9", "--", "-a"], {
    flags: FLAGS,
    stopAtFirstPositional: true,
    help: "",
  });
  assertEquals([flags["all"], positionals], [true, ["c1", "-9", "--", "-a"]]);
});

Deno.test("parseTokens() reads whole numbers only", () => {
  assertEquals(parse("--preserve-fds", "3").flags["preserve-fds"], 3);
  for (const text of ["-1", "1.5", "0x10", "", "x", "99999999999999999999"]) {
    refuses(
      `--preserve-fds: "${text}" is not a whole number of 0 or more; hint: see 'ocirt run --help'`,
      "--preserve-fds",
      text,
    );
  }
});

Deno.test("parseTokens() names an unknown flag and the nearest one, but no hidden one", () => {
  refuses(
    "--bundel: there is no such flag, but --bundle is one; hint: see 'ocirt run --help'",
    "--bundel",
    "x",
  );
  refuses("--al: there is no such flag; hint: see 'ocirt run --help'", "--al=x");
  refuses("-dx: there is no such flag; hint: see 'ocirt run --help'", "-dx");
  refuses(
    "---detach: there is no such flag, but --detach is one; hint: see 'ocirt run --help'",
    "---detach",
  );
});

Deno.test("parseTokens() refuses a missing value, a wrong choice and a wrong truth", () => {
  refuses("--bundle: it needs a value; hint: see 'ocirt run --help'", "c1", "--bundle");
  refuses(
    "--format: \"xml\" is not one of table, json; hint: see 'ocirt run --help'",
    "-f",
    "xml",
  );
  refuses(
    "--detach: \"maybe\" is neither true nor false; hint: see 'ocirt run --help'",
    "-d=maybe",
  );
});

Deno.test("parseTokens() does not mistake names of Object's own for flags", () =>
  refuses("--constructor: there is no such flag; hint: see 'ocirt run --help'", "--constructor"));
