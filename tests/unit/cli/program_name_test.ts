import { assertEquals } from "@std/assert";
import { programNameOf } from "runtime/cli/program_name.ts";

Deno.test("programNameOf() is the name of the file that was called", () => {
  assertEquals(programNameOf("/usr/bin/runc"), "runc");
  assertEquals(programNameOf("runc"), "runc");
  assertEquals(programNameOf("./ocirt"), "ocirt");
});

Deno.test("programNameOf() falls back where the name is the engine's, missing or no plain word", () => {
  for (const argv0 of ["/x/deno", "", "/", "/x/..", "a b", "-sh", "x\ny", "\udcff"]) {
    assertEquals(programNameOf(argv0), "ocirt", JSON.stringify(argv0));
  }
});
