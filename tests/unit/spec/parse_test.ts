import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { SpecError } from "runtime/base/errors.ts";
import { parseConfig, parseProcess, parseResources } from "runtime/spec/parse.ts";
import { fixture, fixtureNames, problemsOf } from "tests/support/spec_fixtures.ts";

function messageOf(text: string): string {
  return assertThrows(() => parseConfig(text, "config.json"), SpecError).message;
}

Deno.test("parseConfig() takes the configs of runc, crun, Docker, containerd and podman", () => {
  assert(fixtureNames().length >= 7);
  for (const name of fixtureNames()) {
    assertEquals(problemsOf(() => parseConfig(fixture(name), name)), [], name);
  }
});

Deno.test("parseConfig() names line and column of what is no JSON", () => {
  const cases: [string, string][] = [
    ["", "it is empty; a JSON document is expected"],
    [" \n\t", "it is empty; a JSON document is expected"],
    ["\ufeff{}", "it starts with a byte order mark; save it as plain UTF-8"],
    ["{", "line 1 column 2: expected a name in double quotes, but found the end of the file"],
    [
      '{\n  "a": 1,\n      }',
      'line 3 column 7: expected a name in double quotes, but found "}"',
    ],
    ["{'a': 1}", 'line 1 column 2: expected a name in double quotes, but found "\'"'],
    ['{"a" 1}', 'line 1 column 6: expected ":", but found "1"'],
    ['{"a": [1 2]}', 'line 1 column 10: expected "," or "]", but found "2"'],
    ['{"a": [1,]}', 'line 1 column 10: expected a value, but found "]"'],
    ['{"a": 01}', 'line 1 column 7: expected a value, but found "0"'],
    ['{"a": tru}', 'line 1 column 7: expected a value, but found "t"'],
    ['{"a": "b\nc"}', 'line 1 column 9: a string holds "\\n" unescaped'],
    ['{"a": "\\x"}', 'line 1 column 8: a string has the unknown escape "\\\\x"'],
    ['{"a": "b', "line 1 column 9: a string has no closing quote"],
    ["{}\n// end", 'line 2 column 1: "/" follows the end of the document'],
  ];
  for (const [text, message] of cases) {
    assertEquals(messageOf(text), `Cannot use config.json: ${message}`, JSON.stringify(text));
  }
});

Deno.test("parseConfig() answers to endless nesting instead of running out of stack", () => {
  assertEquals(
    messageOf(`{"a": ${"[".repeat(200_000)}`),
    "Cannot use config.json: line 1 column 10006: nested deeper than 10000 levels",
  );
});

Deno.test("parseConfig() names no exception where long numbers make the engine give up on deep nesting", () => {
  const nested = `${"[".repeat(9000)}${"]".repeat(9000)}`;
  assertEquals(
    messageOf(`{"x": ${nested}, "ociVersion": 12345678901234567890}`),
    "Cannot use config.json: it is nested too deeply",
  );
});

Deno.test("parseConfig() refuses a document that is no object", () => {
  assertEquals(messageOf("null"), "Cannot use config.json: null is not an object");
  assertEquals(messageOf("[]"), "Cannot use config.json: an array is not an object");
});

Deno.test("parseConfig() reports every wrong value by JSON pointer, value and rule", () => {
  const text = JSON.stringify({
    ociVersion: 5,
    root: { path: null, readonly: "yes" },
    process: {
      rlimits: [{ type: "RLIMIT_FOO", soft: -1, hard: 1.5 }],
      env: [1],
      user: { uid: 4294967296 },
    },
    linux: { sysctl: { "a/b~c": 5 }, namespaces: [null], maskedPaths: "x" },
    hostname: "a\0b",
  });
  const problems = problemsOf(() => parseConfig(text, "config.json"));
  const rlimits =
    "RLIMIT_AS, RLIMIT_CORE, RLIMIT_CPU, RLIMIT_DATA, RLIMIT_FSIZE, RLIMIT_LOCKS, RLIMIT_MEMLOCK, RLIMIT_MSGQUEUE, RLIMIT_NICE, RLIMIT_NOFILE, RLIMIT_NPROC, RLIMIT_RSS, RLIMIT_RTPRIO, RLIMIT_RTTIME, RLIMIT_SIGPENDING, RLIMIT_STACK";
  assertEquals(problems.sort(), [
    '/hostname: "a\\u0000b" contains a null byte',
    '/linux/maskedPaths: "x" is not an array',
    "/linux/namespaces/0: null is not an object",
    "/linux/sysctl/a~1b~0c: 5 is not a string",
    "/ociVersion: 5 is not a string",
    "/process/cwd: is missing; a string is required",
    "/process/env/0: 1 is not a string",
    "/process/rlimits/0/hard: 1.5 is not an integer from 0 to 18446744073709551615",
    "/process/rlimits/0/soft: -1 is not in the range 0 to 18446744073709551615",
    `/process/rlimits/0/type: "RLIMIT_FOO" is not one of ${rlimits}`,
    "/process/user/uid: 4294967296 is not in the range 0 to 4294967295",
    "/root/path: is missing; a string is required",
    '/root/readonly: "yes" is not true or false',
  ]);
});

Deno.test("parseConfig() keeps 64-bit numbers exactly", () => {
  const config = parseConfig(
    `{"ociVersion":"1.3.0","process":{"cwd":"/","rlimits":[
      {"type":"RLIMIT_CORE","soft":9007199254740993,"hard": 18446744073709551615},
      {"type":"RLIMIT_NOFILE","soft":1024,"hard":1024}]},
      "linux":{"timeOffsets":{"monotonic":{"secs":-9223372036854775808}}},
      "annotations":{"id":"1234567890123456789"}}`,
    "config.json",
  );
  assertEquals(config.process?.rlimits, [
    { type: "RLIMIT_CORE", soft: 9007199254740993n, hard: 18446744073709551615n },
    { type: "RLIMIT_NOFILE", soft: 1024, hard: 1024 },
  ]);
  assertEquals(config.linux?.timeOffsets?.["monotonic"]?.secs, -9223372036854775808n);
  assertEquals(config.annotations?.["id"], "1234567890123456789");
});

Deno.test("parseConfig() refuses a number just outside of 64 bits", () => {
  const text = (soft: string): string =>
    `{"ociVersion":"1.3.0","process":{"cwd":"/","rlimits":[{"type":"RLIMIT_CPU","hard":1,"soft":${soft}}]}}`;
  assertEquals(problemsOf(() => parseConfig(text("18446744073709551615"), "f")), []);
  assertEquals(problemsOf(() => parseConfig(text("18446744073709551616"), "f")), [
    "/process/rlimits/0/soft: 18446744073709551616 is not in the range 0 to 18446744073709551615",
  ]);
});

Deno.test("parseConfig() takes null for what is optional as absent, and ignores unknown names", () => {
  const config = parseConfig(
    '{"ociVersion":"1.3.0","process":null,"mounts":null,"linux":{"seccomp":{"flags":null},"x":null},"windows":{},"constructor":5}',
    "config.json",
  );
  assertEquals(config.process, undefined);
  assertEquals(config.mounts, undefined);
  assertEquals(config.linux?.seccomp?.flags, undefined);
});

Deno.test("parseConfig() takes names in the wrong case as Go does, the right case first", () => {
  const config = parseConfig(
    `{"OCIVERSION":"1.3.0","linux":{"resources":{"CPU":{"Shares":5},"hugepageLimits":[{"pagesize":"2MB","limit":1}]}},
      "HostName":"other","hostname":"right"}`,
    "config.json",
  );
  assertEquals(config.ociVersion, "1.3.0");
  assertEquals(config.hostname, "right");
  assertEquals(config.linux?.resources?.cpu, { Shares: 5, shares: 5 } as { shares: number });
  assertEquals(config.linux?.resources?.hugepageLimits?.[0]?.pageSize, "2MB");
  assertEquals(
    problemsOf(() => parseConfig('{"ociVersion":"1.3.0","Process":{"CWD":5}}', "config.json")),
    ["/process/cwd: 5 is not a string"],
  );
});

Deno.test("parseConfig() cuts long values in its messages", () => {
  const message = messageOf(JSON.stringify({ ociVersion: "1.3.0", root: "x".repeat(5000) }));
  assertStringIncludes(message, `/root: "${"x".repeat(80)}"... (5000 characters) is not an object`);
});

Deno.test("parseProcess() and parseResources() check their part of the schema", () => {
  assertEquals(parseProcess('{"cwd":"/","args":["sh"]}', "process.json").args, ["sh"]);
  assertEquals(problemsOf(() => parseProcess("{}", "process.json")), [
    "/cwd: is missing; a string is required",
  ]);
  assertEquals(parseResources('{"memory":{"limit":-1}}', "-").memory?.limit, -1);
  assertEquals(problemsOf(() => parseResources('{"pids":{"limit":"many"}}', "-")), [
    '/pids/limit: "many" is not an integer from -9223372036854775808 to 9223372036854775807',
  ]);
});
