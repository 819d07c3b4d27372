import { assertEquals, assertThrows } from "@std/assert";
import { listProgram } from "syscalls/native/listing.ts";
import { compileInit } from "runtime/compile/init/program.ts";
import type { Descriptors } from "runtime/compile/init/lowering.ts";
import { planHook } from "runtime/plan/hook.ts";
import { FACTS } from "tests/support/spec_fixtures.ts";
import { UNIFIED } from "tests/support/plan_fixtures.ts";
import { assertGolden } from "tests/support/golden.ts";

const DESCRIPTORS: Descriptors = {
  sync: 20,
  gate: null,
  outcome: null,
  target: 21,
  notify: null,
  stdio: [30, 31, 32],
  cgroup: null,
  namespaces: [],
};

const PLAN = planHook({
  hook: { path: "/bin/hook", args: ["name"], env: null, timeout: 1, origin: "/hooks/prestart/0" },
  env: ["A=1"],
  facts: FACTS,
  directory: { path: "/bundle/rootfs", mayBeGone: false },
  inside: { joined: ["mount", "pid"], cgroups: UNIFIED },
});

Deno.test("the program of a hook is as it was", () => {
  assertGolden("init/hook.txt", listProgram(compileInit(PLAN, "x86_64", DESCRIPTORS)));
});

Deno.test("a hook needs standard input, output and error of its own", () => {
  const { message } = assertThrows(
    () => compileInit(PLAN, "x86_64", { ...DESCRIPTORS, stdio: null }),
    RangeError,
  );
  assertEquals(message, "Cannot compile step: there are no descriptors stdio");
});
