import { assert, assertEquals } from "@std/assert";
import { planExec } from "runtime/plan/exec.ts";
import { planHook, planHookAsProcess } from "runtime/plan/hook.ts";
import type { ValidHook } from "runtime/spec/valid.ts";
import { LEGACY, planWith, UNIFIED } from "tests/support/plan_fixtures.ts";
import { FACTS, validWith } from "tests/support/spec_fixtures.ts";

const HOOK: ValidHook = {
  path: "/bin/hook",
  args: ["name", "word"],
  env: null,
  timeout: null,
  origin: "/hooks/createContainer/0",
};

const PLACE = { path: "/bundle", mayBeGone: true };

Deno.test("create waits for hooks after the last mount and device, and before it switches the root", () => {
  const { steps } = planWith({
    change: (config) => config.hooks = { prestart: [], createContainer: [{ path: "/x" }] },
  });
  const kinds = steps.map(({ kind }) => kind);
  const at = steps.findIndex((step) => step.kind === "ask" && step.duty === "hooks");
  assertEquals(steps[at]?.label, "wait until the host has run the hooks createContainer");
  assert(kinds.lastIndexOf("mountFilesystem") < at && kinds.lastIndexOf("makeDevice") < at);
  assertEquals(kinds[at + 1], "pivotRoot");
});

Deno.test("create waits for nobody where the hooks are other commands'", () => {
  const hook = [{ path: "/x" }];
  const change = (config: { hooks: unknown }): void => {
    config.hooks = { startContainer: hook, poststart: hook, poststop: hook };
  };
  assertEquals(planWith({ change }).steps, planWith().steps);
});

Deno.test("a hook of the host keeps the caller's umask, session, cgroup and namespaces", () => {
  const plan = planHook({ hook: HOOK, env: ["A=1"], facts: FACTS, directory: PLACE, inside: null });
  assertEquals(plan.steps.map(({ kind }) => kind), [
    "useStdio",
    "resetSignals",
    "closeInherited",
    "forkInit",
    "ask",
    "enterHostDirectory",
    "setRlimit",
    "closeRest",
    "announce",
    "execute",
  ]);
  assertEquals(plan.host.moveInto, null);
  const last = plan.steps.at(-1);
  assert(last?.kind === "execute");
  assertEquals([last.path, last.args, last.env], ["/bin/hook", ["name", "word"], ["A=1"]]);
});

Deno.test("a hook in the container enters its cgroup while it sees the host's files, then its namespaces", () => {
  const inside = { joined: ["user", "mount", "pid"] as const, cgroups: LEGACY };
  const plan = planHook({ hook: HOOK, env: [], facts: FACTS, directory: PLACE, inside });
  assertEquals(plan.steps.map(({ kind }) => kind).slice(3, 11), [
    "joinCgroup",
    "joinCgroup",
    "forbidTracing",
    "joinProcess",
    "becomeNamespaceRoot",
    "forkInit",
    "ask",
    "newSession",
  ]);
  const unified = planHook({
    hook: HOOK,
    env: [],
    facts: FACTS,
    directory: PLACE,
    inside: { joined: ["mount"], cgroups: UNIFIED },
  });
  assertEquals(unified.host.moveInto, "/sys/fs/cgroup/c1");
});

Deno.test("a hook as the container's process differs from exec in its program and its streams alone", () => {
  const spec = validWith((config) => {
    config.process.terminal = true;
    config.process.user = { uid: 5, gid: 6, umask: 0o27 };
  });
  const input = {
    spec,
    facts: FACTS,
    cgroups: UNIFIED,
    links: new Map<string, string>(),
    noPivot: null,
    notify: false,
    filter: null,
    keyring: null,
    preservedFds: 0,
    joined: ["mount", "pid"] as const,
  };
  const own = ["useStdio", "openTerminal", "findExecutable", "ownStdio", "execute"];
  const shared = (plan: ReturnType<typeof planExec>): unknown[] =>
    plan.steps.filter(({ kind }) => !own.includes(kind));
  const plan = planHookAsProcess(input, HOOK);
  assertEquals(shared(plan), shared(planExec(input)));
  assertEquals(plan.steps.filter(({ kind }) => own.includes(kind)).map(({ kind }) => kind), [
    "useStdio",
    "execute",
  ]);
  const last = plan.steps.at(-1);
  assert(last?.kind === "execute");
  assertEquals(last.env, spec.process?.env);
  const exact = planHookAsProcess(input, { ...HOOK, env: [] }).steps.at(-1);
  assert(exact?.kind === "execute");
  assertEquals(exact.env, []);
});
