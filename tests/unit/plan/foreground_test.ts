import { assert, assertEquals } from "@std/assert";
import { changedUmaskSteps, umaskSteps } from "runtime/plan/identity.ts";
import type { PlanInput } from "runtime/plan/input.ts";
import type { Step } from "runtime/plan/step.ts";
import { planWith, UNIFIED } from "tests/support/plan_fixtures.ts";
import { FACTS, validWith } from "tests/support/spec_fixtures.ts";

function umaskInput(umask: number | null): PlanInput {
  return {
    spec: validWith((config) => {
      if (umask !== null) config.process.user = { uid: 0, gid: 0, umask };
    }),
    facts: FACTS,
    cgroups: UNIFIED,
    links: new Map(),
    noPivot: null,
    preservedFds: 0,
    notify: false,
    filter: null,
    keyring: null,
  };
}

function labels(steps: readonly Step[]): string[] {
  return steps.map(({ label }) => label);
}

Deno.test("a container without a umask gets 0022, a process of exec keeps the caller's", () => {
  assertEquals(labels(umaskSteps(umaskInput(null))), ["set umask 0022"]);
  assertEquals(labels(changedUmaskSteps(umaskInput(null))), []);
  for (const steps of [umaskSteps, changedUmaskSteps]) {
    assertEquals(labels(steps(umaskInput(0o077))), ["set umask 0077"]);
  }
});

Deno.test("the folder of the notify socket is attached behind all mounts, and only when asked for", () => {
  const kinds = planWith({ notify: true }).steps.map(({ kind }) => kind);
  const at = kinds.indexOf("attachMount");
  assert(kinds.lastIndexOf("mountFilesystem") < at && at < kinds.indexOf("makeDevice"));
  assert(!planWith().steps.some(({ kind }) => kind === "attachMount"));
});
