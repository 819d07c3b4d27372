import { assertEquals } from "@std/assert";
import { ioCode, ioReason } from "runtime/base/io_failure.ts";

function failure(action: () => unknown): unknown {
  try {
    action();
  } catch (cause) {
    return cause;
  }
  return undefined;
}

Deno.test("ioCode() names the errno of a failed file call, also where the engine has no class for it", () => {
  const missing = failure(() => Deno.lstatSync("/nowhere"));
  assertEquals(ioCode(missing), "ENOENT");
  assertEquals(ioCode(new Error("No such process (os error 3): read '/proc/1/stat'")), "ESRCH");
});

Deno.test("ioCode() is null for what is no failed file call", () => {
  assertEquals(ioCode(new TypeError("a mistake")), null);
  assertEquals(ioCode(new Error("(os error 9999)")), null);
  assertEquals(ioCode("text"), null);
});

Deno.test("ioReason() is the errno with its text, or the error's own words", () => {
  assertEquals(
    ioReason(failure(() => Deno.lstatSync("/nowhere"))),
    "ENOENT (No such file or directory)",
  );
  assertEquals(ioReason(new TypeError("a mistake")), "a mistake");
});
