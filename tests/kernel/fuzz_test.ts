import { assertEquals, assertMatch } from "@std/assert";
import { runProgram } from "tests/support/ocirt.ts";
import { requires } from "tests/support/requires.ts";

Deno.test({
  name: "a short run of the fuzzer finds nothing",
  ignore: requires("root", "busybox", "setpriv"),
  fn(): void {
    const script = new URL("../../scripts/fuzz.ts", import.meta.url).pathname;
    const args = ["run", "-A", "-q", "--no-check", script, "--seed", "20261121", "--cases", "60"];
    const { code, stdout, stderr } = runProgram([Deno.execPath(), ...args], { patience: 300 });
    assertEquals(code, 0, stdout + stderr);
    for (const kind of ["config", "container", "state", "seccomp", "filter", "argv"]) {
      assertMatch(stdout, new RegExp(`^${kind}: \\d+ cases, 0 findings, `, "m"));
    }
  },
});
