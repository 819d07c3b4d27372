import { assertEquals } from "@std/assert";
import { finalAffinitySteps, initialAffinitySteps } from "runtime/plan/affinity.ts";
import type { PlanInput } from "runtime/plan/input.ts";
import { joinKeyringSteps } from "runtime/plan/keyring.ts";
import type { Plan } from "runtime/plan/plan.ts";
import type { Step } from "runtime/plan/step.ts";
import { planWith, UNIFIED, withUserNamespace } from "tests/support/plan_fixtures.ts";
import { type Draft, FACTS, validWith } from "tests/support/spec_fixtures.ts";

const SCHEDULING = ["setScheduler", "setIoPriority", "setPersonality", "setMemoryPolicy"] as const;

function labels(steps: readonly Step[]): string[] {
  return steps.map(({ label, origin }) => origin === "" ? label : `${label} [${origin}]`);
}

function stepsOf({ steps }: Plan, ...kinds: readonly Step["kind"][]): Step[] {
  return steps.filter(({ kind }) => kinds.includes(kind));
}

function inputWith(change: (config: Draft) => void, keyring: string | null = null): PlanInput {
  const spec = validWith(change);
  return {
    spec,
    facts: FACTS,
    cgroups: UNIFIED,
    links: new Map(),
    noPivot: null,
    preservedFds: 0,
    notify: false,
    filter: null,
    keyring,
  };
}

Deno.test("a process that asks for nothing is scheduled as the caller is, on all CPUs", () => {
  const plan = planWith();
  assertEquals(stepsOf(plan, ...SCHEDULING), []);
  assertEquals(labels(stepsOf(plan, "setCpuAffinity")), ["reset CPU affinity"]);
});

Deno.test("scheduling is between limits that may grant it and the loss of power", () => {
  const plan = planWith({
    change: (config) => {
      config.process.scheduler = { policy: "SCHED_RR", priority: 5 };
      config.process.ioPriority = { class: "IOPRIO_CLASS_IDLE" };
      config.linux.personality = { domain: "LINUX" };
      config.linux.memoryPolicy = { mode: "MPOL_PREFERRED", flags: ["MPOL_F_STATIC_NODES"] };
    },
  });
  assertEquals(labels(stepsOf(plan, ...SCHEDULING)), [
    "set scheduler to SCHED_RR with priority 5 [/process/scheduler]",
    "set I/O priority to IOPRIO_CLASS_IDLE 0 [/process/ioPriority]",
    "set personality LINUX [/linux/personality]",
    "set memory policy to MPOL_PREFERRED|MPOL_F_STATIC_NODES [/linux/memoryPolicy]",
  ]);
  const kinds = plan.steps.map(({ kind }) => kind);
  const first = kinds.indexOf("setScheduler");
  assertEquals(kinds[first - 1], "setRlimit");
  assertEquals(kinds.slice(first, first + 4), [...SCHEDULING]);
  assertEquals(kinds[first + 4], "enterDirectory");
});

Deno.test("a scheduler knows whether the cgroup leaves the process all CPUs", () => {
  const confined = (cpus: string | undefined): unknown =>
    stepsOf(
      planWith({
        change: (config) => {
          config.process.scheduler = { policy: "SCHED_DEADLINE" };
          config.linux.resources = { cpu: { cpus } };
        },
      }),
      "setScheduler",
    ).map((step) => step.kind === "setScheduler" && step.confined);
  assertEquals([confined("0-3"), confined(""), confined(undefined)], [[true], [false], [false]]);
});

Deno.test("affinity is reset once the init is in its cgroup", () => {
  const kinds = planWith().steps.map(({ kind }) => kind);
  const reset = kinds.indexOf("setCpuAffinity");
  assertEquals(kinds.slice(reset - 2, reset), ["forkInit", "ask"]);
});

Deno.test("the process of exec is bound to its first CPUs, then to its last, and to all without any", () => {
  const both = (affinity: Draft): string[][] => {
    const input = inputWith((config) => config.process.execCPUAffinity = affinity);
    return [labels(initialAffinitySteps(input)), labels(finalAffinitySteps(input))];
  };
  const initial = "set initial CPU affinity to 0-3,7 [/process/execCPUAffinity/initial]";
  const final = "set final CPU affinity to 1 [/process/execCPUAffinity/final]";
  assertEquals(both({ initial: "0-3,7", final: "1" }), [[initial], [final]]);
  assertEquals(both({ initial: "0-3,7" }), [[initial], []]);
  assertEquals(both({ final: "1" }), [[], [final]]);
  assertEquals(both({ initial: "" }), [[], ["reset CPU affinity"]]);
  assertEquals(both(undefined), [[], ["reset CPU affinity"]]);
});

Deno.test("the session keyring may be searched by its user, in a user namespace by any", () => {
  const searchable = (plan: Plan): unknown =>
    stepsOf(plan, "joinSessionKeyring").map((step) =>
      step.kind === "joinSessionKeyring" && [step.name, step.searchableBy]
    );
  assertEquals(searchable(planWith()), [["_ses.c1", "user"]]);
  assertEquals(searchable(planWith({ change: withUserNamespace })), [["_ses.c1", "others"]]);
  assertEquals(searchable(planWith({ keyring: null })), []);
  const exec = joinKeyringSteps(inputWith(() => {}, "_ses.c2"));
  assertEquals(labels(exec), ['join session keyring "_ses.c2"']);
  assertEquals(exec.map((step) => step.kind === "joinSessionKeyring" && step.searchableBy), [null]);
});

Deno.test("stdio changes its owner while the init may do that", () => {
  const kinds = planWith().steps.map(({ kind }) => kind);
  assertEquals(kinds.indexOf("ownStdio") < kinds.indexOf("setUser"), true);
});
