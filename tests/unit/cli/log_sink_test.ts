import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { HostError, UsageError } from "runtime/base/errors.ts";
import { type LogOptions, openLog, PLAIN_LOG } from "runtime/cli/log_sink.ts";
import { inTempDir } from "tests/support/temp_dir.ts";

function logged(options: Partial<LogOptions>): string[] {
  return inTempDir((folder) => {
    const file = `${folder}/log`;
    Deno.writeTextFileSync(file, "kept\n");
    const log = openLog({ ...PLAIN_LOG, ...options, file });
    log.log("debug", "one");
    log.log("info", "two");
    log.log("warning", "three");
    log.log("error", "four");
    return Deno.readTextFileSync(file).trimEnd().split("\n");
  });
}

function messages(options: Partial<LogOptions>): string[] {
  return logged(options).map((line) => line.split("msg=")[1] ?? line);
}

Deno.test("openLog() adds to the file, without debug messages unless asked", () => {
  assertEquals(messages({}), ["kept", "two", "three", "four"]);
  assertEquals(messages({ debug: true }), ["kept", "one", "two", "three", "four"]);
});

Deno.test("openLog() takes --log-level over --debug, in the words of any runtime", () => {
  assertEquals(messages({ level: "error", debug: true }), ["kept", "four"]);
  assertEquals(messages({ level: "warn" }), ["kept", "three", "four"]);
  assertEquals(messages({ level: "trace" }), ["kept", "one", "two", "three", "four"]);
});

Deno.test("openLog() tells the time with whole seconds, in UTC", () => {
  const [, line = ""] = logged({ format: "json" });
  assertMatch(JSON.parse(line).time, /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
});

Deno.test("openLog() refuses an unknown format in runc's words, and an unknown level", () => {
  const format = assertThrows(() => openLog({ ...PLAIN_LOG, format: "xml" }), UsageError);
  assertEquals(format.message, "invalid log-format: xml; hint: use text or json");
  const level = assertThrows(() => openLog({ ...PLAIN_LOG, level: "toString" }), UsageError);
  assertEquals(
    level.message,
    "invalid log-level: toString; hint: use error, warning, info or debug",
  );
});

Deno.test("openLog() says why the file cannot be opened", () => {
  const { message } = assertThrows(
    () => openLog({ ...PLAIN_LOG, file: "/proc/none/log" }),
    HostError,
  );
  assertEquals(
    message,
    'Cannot open log file "/proc/none/log": ENOENT (No such file or directory)',
  );
});
