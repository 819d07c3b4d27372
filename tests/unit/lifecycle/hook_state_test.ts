import { assertEquals } from "@std/assert";
import { hookState } from "runtime/lifecycle/hook_state.ts";
import { RECORD } from "tests/support/record.ts";

Deno.test("the state of a hook has runc's keys in runc's order", () => {
  assertEquals(
    hookState({ ...RECORD, annotations: { a: "\u00e9\n" } }, { status: "creating", pid: 1 }),
    '{"ociVersion":"1.3.0","id":"c1","status":"creating","pid":1,"bundle":"/b",' +
      '"annotations":{"a":"\u00e9\\n"}}',
  );
});

Deno.test("a stopped container has no pid, and what has no annotations does not say so", () => {
  assertEquals(
    hookState(RECORD, { status: "stopped", pid: 0 }),
    '{"ociVersion":"1.3.0","id":"c1","status":"stopped","bundle":"/b"}',
  );
});
