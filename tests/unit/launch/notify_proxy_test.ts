import { assertEquals } from "@std/assert";
import { readyLine } from "runtime/launch/notify_proxy.ts";

Deno.test("readyLine() finds the line that says so, and nothing that only looks like it", () => {
  assertEquals(readyLine("READY=1"), "READY=1");
  assertEquals(readyLine("STATUS=up\nREADY=1\nMAINPID=7\n"), "READY=1");
  for (const text of ["", "STATUS=READY=1", "UNREADY=1", "RELOADING=1\nMAINPID=1", " READY=1"]) {
    assertEquals(readyLine(text), null);
  }
});
