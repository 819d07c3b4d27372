import { assertEquals, assertThrows } from "@std/assert";
import type { Invocation } from "runtime/base/command.ts";
import { StateError } from "runtime/base/errors.ts";
import { command } from "runtime/commands/list.ts";
import { invocation } from "./invocation.ts";

function withDefaultRoot(...tokens: string[]): Invocation {
  return { ...invocation(command, tokens), rootIsExplicit: false };
}

Deno.test("list of a default root that is not there is an empty table, null, or nothing", () => {
  const header = ["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"];
  assertEquals(command.run(withDefaultRoot()), {
    output: { kind: "table", header, rows: [] },
    exitCode: 0,
  });
  assertEquals(command.run(withDefaultRoot("-f", "json")), {
    output: { kind: "json", value: null, indent: 0, newline: true },
    exitCode: 0,
  });
  assertEquals(command.run(withDefaultRoot("-q")), {
    output: { kind: "text", text: "" },
    exitCode: 0,
  });
});

Deno.test("list of a chosen root that is not there fails and says so", () => {
  const { message } = assertThrows(() => command.run(invocation(command, [])), StateError);
  assertEquals(message, "Cannot list /proc/none: ENOENT (No such file or directory)");
});
