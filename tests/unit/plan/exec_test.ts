import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Plan } from "runtime/plan/plan.ts";
import type { Step } from "runtime/plan/step.ts";
import { execPlanWith, LEGACY, withUserNamespace } from "tests/support/plan_fixtures.ts";
import { withoutTerminal } from "tests/support/spec_fixtures.ts";

function kindsOf({ steps }: Plan): Step["kind"][] {
  return steps.map(({ kind }) => kind);
}

function stepOf<Kind extends Step["kind"]>(
  { steps }: Plan,
  kind: Kind,
): Extract<Step, { kind: Kind }> | undefined {
  return steps.find((step): step is Extract<Step, { kind: Kind }> => step.kind === kind);
}

Deno.test("exec makes, mounts and names nothing", () => {
  const kinds = kindsOf(
    execPlanWith({ change: (config) => config.linux.sysctl = { "net.a": "1" } }),
  );
  const notItsOwn: readonly Step["kind"][] = [
    "unshare",
    "mountFilesystem",
    "mountBind",
    "mountConsole",
    "makeDevice",
    "makeDirectory",
    "pivotRoot",
    "setHostname",
    "writeSysctl",
    "maskPath",
    "readonlyPath",
    "waitForStart",
  ];
  assertEquals(kinds.filter((kind) => notItsOwn.includes(kind)), []);
});

Deno.test("exec gives up the host's powers only after their last use, and executes last", () => {
  const kinds = kindsOf(execPlanWith({ cgroups: LEGACY }));
  const order: readonly Step["kind"][] = [
    "closeInherited",
    "joinCgroup",
    "forbidTracing",
    "joinProcess",
    "forkInit",
    "newSession",
    "openJoinedRoot",
    "openTerminal",
    "setRlimit",
    "dropBoundingSet",
    "setUser",
    "setCapabilities",
    "setNoNewPrivileges",
    "findExecutable",
    "announce",
    "execute",
  ];
  const places = order.map((kind) => kinds.indexOf(kind));
  assert(!places.includes(-1), `one of them is missing: ${places}`);
  assertEquals(places, places.toSorted((a, b) => a - b));
  assertEquals(places.at(-1), kinds.length - 1);
});

Deno.test("exec joins all namespaces by one step, and becomes root of a user namespace among them", () => {
  const plain = execPlanWith();
  assertEquals(stepOf(plain, "joinProcess")?.types, [
    "pid",
    "network",
    "ipc",
    "uts",
    "mount",
    "cgroup",
  ]);
  assert(!kindsOf(plain).includes("becomeNamespaceRoot"));
  const mapped = kindsOf(execPlanWith({ change: withUserNamespace }));
  assertEquals(mapped[mapped.indexOf("joinProcess") + 1], "becomeNamespaceRoot");
});

Deno.test("exec joins nothing where the container shares everything, and changes root by its path", () => {
  const plan = execPlanWith({ joined: [] });
  const kinds = kindsOf(plan);
  assert(!kinds.includes("joinProcess"));
  assertEquals(stepOf(plan, "openJoinedRoot")?.path, "/bundle/rootfs");
  assertEquals(kinds[kinds.indexOf("openJoinedRoot") + 1], "changeRoot");
  const joined = execPlanWith();
  assertEquals(stepOf(joined, "openJoinedRoot")?.path, "/");
  assert(!kindsOf(joined).includes("changeRoot"));
});

Deno.test("exec enters version 1 cgroups by itself, and is born in that of version 2 or moved there", () => {
  const legacy = execPlanWith({ cgroups: LEGACY });
  assertEquals(kindsOf(legacy).filter((kind) => kind === "joinCgroup").length, 2);
  assertEquals([legacy.host.moveInto, legacy.host.cloneInto], [null, null]);
  const unified = execPlanWith();
  assert(!kindsOf(unified).includes("joinCgroup"));
  const place = "/sys/fs/cgroup/c1";
  assertEquals([unified.host.moveInto, unified.host.cloneInto], [place, place]);
});

Deno.test("exec has a terminal when its process asks for one, as large as asked", () => {
  const size = { height: 30, width: 90 };
  const sized = execPlanWith({ change: (config) => config.process.consoleSize = size });
  assertEquals(sized.host.terminal, { size: { rows: 30, columns: 90 } });
  const plain = execPlanWith({ change: withoutTerminal });
  assertEquals(plain.host.terminal, null);
  assert(!kindsOf(plain).includes("openTerminal"));
});

Deno.test("in a user namespace the host half sets the limits of exec", () => {
  const inside = execPlanWith({ change: withUserNamespace });
  assertEquals(inside.host.rlimits.map(({ type }) => type), ["RLIMIT_NOFILE"]);
  assertEquals(execPlanWith().host.rlimits, []);
});

Deno.test("exec of a configuration without a process is a mistake of the caller's", () => {
  assertThrows(() => execPlanWith({ change: (config) => delete config.process }), RangeError);
});
