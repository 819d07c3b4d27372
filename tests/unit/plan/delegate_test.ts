import { assertEquals } from "@std/assert";
import { execPlanWith, planWith } from "tests/support/plan_fixtures.ts";
import type { Draft } from "tests/support/spec_fixtures.ts";

function delegated(config: Draft): void {
  config.annotations = { "run.oci.delegate-cgroup": "/payload" };
}

Deno.test("the init is moved into a delegated cgroup once its cgroup namespace is made", () => {
  const steps = planWith({
    change: (config) => {
      delegated(config);
      config.linux.namespaces = config.linux.namespaces.filter((it: Draft) => it.type !== "cgroup");
      config.linux.namespaces.push({ type: "cgroup" });
    },
  }).steps;
  const at = steps.findIndex((step) => step.kind === "ask" && step.duty === "delegate");
  assertEquals(steps[at - 1]?.label, "create cgroup namespace");
  assertEquals(steps[at]?.label, 'wait until the host has moved the init into cgroup "payload"');
  assertEquals(steps[at]?.origin, "/annotations/run.oci.delegate-cgroup");
});

Deno.test("nobody is asked for a cgroup that is not delegated, nor by one more process", () => {
  const asks = (steps: ReturnType<typeof planWith>["steps"]): string[] =>
    steps.flatMap((step) => step.kind === "ask" ? [step.duty] : []);
  assertEquals(asks(planWith().steps).includes("delegate"), false);
  assertEquals(asks(execPlanWith({ change: delegated }).steps).includes("delegate"), false);
});
