import { assertEquals } from "@std/assert";
import { nearest } from "runtime/cli/nearest.ts";

const NAMES = ["start", "state", "spec", "sandbox", "kill"];

Deno.test("nearest() finds a name with a slip of the fingers", () => {
  assertEquals(nearest("sarte", NAMES), "start");
  assertEquals(nearest("sandbx", NAMES), "sandbox");
  assertEquals(nearest("kil", NAMES), "kill");
});

Deno.test("nearest() prefers the name that the word begins", () =>
  assertEquals(nearest("stat", ["start", "state"]), "state"));

Deno.test("nearest() finds nothing for a word of its own", () => {
  assertEquals(nearest("frobnicate", NAMES), null);
  assertEquals(nearest("", NAMES), null);
  assertEquals(nearest("ps", NAMES), null);
});
