import { assertEquals } from "@std/assert";
import { logLine, quote } from "runtime/cli/log_line.ts";

const time = "2026-01-02T03:04:05Z";

Deno.test("logLine() writes text as logrus does", () => {
  assertEquals(
    logLine("text", { level: "error", message: 'container "c1" is gone', time }),
    'time="2026-01-02T03:04:05Z" level=error msg="container \\"c1\\" is gone"\n',
  );
  assertEquals(
    logLine("text", { level: "warning", message: "plain-word", time }),
    'time="2026-01-02T03:04:05Z" level=warning msg=plain-word\n',
  );
  assertEquals(
    logLine("text", { level: "debug", message: "", time }),
    'time="2026-01-02T03:04:05Z" level=debug msg=""\n',
  );
});

Deno.test("logLine() writes JSON with the keys that containerd reads, one object a line", () =>
  assertEquals(
    logLine("json", { level: "error", message: 'a "b"\nc', time }),
    '{"level":"error","msg":"a \\"b\\"\\nc","time":"2026-01-02T03:04:05Z"}\n',
  ));

Deno.test("quote() keeps one line one line, and letters of any script readable", () => {
  assertEquals(quote("a\tb\nc\\\x1b[0m\x7f"), String.raw`"a\tb\nc\\\x1b[0m\x7f"`);
  assertEquals(quote("\u00e4\u4e2d\u{1f433}"), '"\u00e4\u4e2d\u{1f433}"');
  assertEquals(quote("\u2028\u00ad\u{e0001}"), String.raw`"\u2028\u00ad\U000e0001"`);
});

Deno.test("quote() shows bytes that are no UTF-8 as Go does", () =>
  assertEquals(quote("a\udcffb"), String.raw`"a\xffb"`));
