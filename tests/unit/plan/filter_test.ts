import { assertEquals } from "@std/assert";
import { CAPABILITY_NAMES } from "syscalls/abi/capability.ts";
import type { SeccompFilter, Step } from "runtime/plan/step.ts";
import { execPlanWith, planWith, withUserNamespace } from "tests/support/plan_fixtures.ts";
import type { Draft } from "tests/support/spec_fixtures.ts";

const FILTER: SeccompFilter = {
  origin: "/linux/seccomp",
  program: new Uint8Array(16),
  instructions: 2,
  flags: 4n,
  flagsText: "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
  notifies: false,
};

const CAP_SYS_ADMIN = 1n << BigInt(CAPABILITY_NAMES.indexOf("CAP_SYS_ADMIN"));

/** The kinds of the last steps, from the one on that gives up capabilities. */
function endOf(steps: readonly Step[]): string[] {
  return steps.slice(steps.findIndex(({ kind }) => kind === "setCapabilities")).map(({ kind }) =>
    kind
  );
}

function setsOf(steps: readonly Step[], kind: "setCapabilities" | "reduceCapabilities"): bigint[] {
  return steps.flatMap((step) =>
    step.kind === kind
      ? [step.sets.effective & CAP_SYS_ADMIN, step.sets.permitted & CAP_SYS_ADMIN]
      : []
  );
}

const privileges = (noNewPrivileges: boolean) => (config: Draft): void => {
  config.process.noNewPrivileges = noNewPrivileges;
};

Deno.test("with no_new_privs the filter is the last thing before the wait for start, or the news of exec", () => {
  const change = privileges(true);
  assertEquals(endOf(planWith({ change, filter: FILTER }).steps), [
    "setCapabilities",
    "enterDirectory",
    "setNoNewPrivileges",
    "findExecutable",
    "closeRest",
    "endOnSignals",
    "installFilter",
    "waitForStart",
    "execute",
  ]);
  assertEquals(endOf(execPlanWith({ change, filter: FILTER }).steps).slice(-3), [
    "installFilter",
    "announce",
    "execute",
  ]);
});

Deno.test("without it CAP_SYS_ADMIN is kept for the filter, and given up behind it", () => {
  const change = privileges(false);
  const { steps } = planWith({ change, filter: FILTER });
  const end = endOf(steps);
  assertEquals(end.slice(end.indexOf("installFilter")), [
    "installFilter",
    "reduceCapabilities",
    "waitForStart",
    "execute",
  ]);
  assertEquals(setsOf(steps, "setCapabilities"), [CAP_SYS_ADMIN, CAP_SYS_ADMIN]);
  assertEquals(setsOf(steps, "reduceCapabilities"), [0n, 0n]);
});

Deno.test("a process that has CAP_SYS_ADMIN anyway gives nothing up, and one that cannot have it is given none", () => {
  const all = ["CAP_SYS_ADMIN"];
  const change = (config: Draft): void => {
    privileges(false)(config);
    config.process.capabilities = { bounding: all, effective: all, permitted: all };
  };
  assertEquals(setsOf(planWith({ change, filter: FILTER }).steps, "reduceCapabilities"), []);
  const facts = { capabilityBounds: 1n };
  const { steps } = planWith({ change: privileges(false), filter: FILTER, facts });
  assertEquals(setsOf(steps, "setCapabilities"), [0n, 0n]);
});

Deno.test("the listener is taken by root that may trace, and given to everybody else", () => {
  const all = (1n << BigInt(CAPABILITY_NAMES.length)) - 1n;
  const ptrace = 1n << BigInt(CAPABILITY_NAMES.indexOf("CAP_SYS_PTRACE"));
  const listenerOf = (euid: number, capabilityBounds: bigint): unknown =>
    planWith({ change: withUserNamespace, filter: FILTER, facts: { euid, capabilityBounds } }).steps
      .flatMap((step) => step.kind === "installFilter" ? [step.listener] : []);
  assertEquals(listenerOf(0, all), ["taken"]);
  assertEquals(listenerOf(0, all & ~ptrace), ["given"]);
  assertEquals(listenerOf(1000, all), ["given"]);
});

Deno.test("without a filter nothing of it is planned", () => {
  const { steps } = planWith({ change: privileges(false) });
  assertEquals(steps.filter(({ kind }) => kind === "installFilter"), []);
  assertEquals(setsOf(steps, "setCapabilities"), [0n, 0n]);
});
