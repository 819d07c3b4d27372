import { assertEquals } from "@std/assert";
import { render } from "runtime/cli/render.ts";

Deno.test("render() indents JSON as asked and ends it with a newline only where asked", () => {
  const value = { id: "c1", pid: 0 };
  assertEquals(
    render({ kind: "json", value, indent: 2, newline: false }),
    '{\n  "id": "c1",\n  "pid": 0\n}',
  );
  assertEquals(
    render({ kind: "json", value, indent: 4, newline: true }),
    '{\n    "id": "c1",\n    "pid": 0\n}\n',
  );
  assertEquals(
    render({ kind: "json", value: [value], indent: 0, newline: true }),
    '[{"id":"c1","pid":0}]\n',
  );
  assertEquals(render({ kind: "json", value: null, indent: 0, newline: true }), "null\n");
});

Deno.test("render() prints every digit of a 64-bit number", () =>
  assertEquals(
    render({ kind: "json", value: { n: [2n ** 64n - 1n, 0n] }, indent: 0, newline: false }),
    '{"n":[18446744073709551615,0]}',
  ));

Deno.test("render() sets an empty table as runc does", () =>
  assertEquals(
    render({
      kind: "table",
      header: ["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"],
      rows: [],
    }),
    "ID          PID         STATUS      BUNDLE      CREATED     OWNER\n",
  ));

Deno.test("render() widens a column for a long cell by three spaces and leaves the last one as it is", () =>
  assertEquals(
    render({
      kind: "table",
      header: ["ID", "PID", "OWNER"],
      rows: [["a-name-of-twenty-chr", "1", "root"], ["nine-char", "4422", "#1000"]],
    }),
    "ID                     PID         OWNER\n" +
      "a-name-of-twenty-chr   1           root\n" +
      "nine-char              4422        #1000\n",
  ));

Deno.test("render() counts characters, not UTF-16 units, for a column's width", () =>
  assertEquals(
    render({ kind: "table", header: ["A", "B"], rows: [["\u{1f433}\u{1f433}", "x"]] }),
    "A           B\n\u{1f433}\u{1f433}          x\n",
  ));

Deno.test("render() numbers the items of an outline and hangs what belongs to them below", () =>
  assertEquals(
    render({
      kind: "outline",
      sections: [
        {
          title: "Steps:",
          numbered: true,
          items: [{
            text: "mount proc",
            note: "/mounts/0",
            children: [{ text: "fsopen()" }, { text: "fsmount()", note: "x" }],
          }, { text: "exec", note: "" }],
        },
        { title: "Host:", numbered: false, items: [{ text: "write uid_map" }] },
      ],
    }),
    `Steps:
1. mount proc  [/mounts/0]
   fsopen()
   fsmount()  [x]
2. exec

Host:
- write uid_map
`,
  ));
