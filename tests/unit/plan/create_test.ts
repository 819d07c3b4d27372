import { assert, assertEquals } from "@std/assert";
import type { Plan } from "runtime/plan/plan.ts";
import type { Step } from "runtime/plan/step.ts";
import { LEGACY, planWith, withUserNamespace } from "tests/support/plan_fixtures.ts";

type Of<Kind extends Step["kind"]> = Extract<Step, { kind: Kind }>;

function stepsOf<Kind extends Step["kind"]>(plan: Plan, kind: Kind): Of<Kind>[] {
  return plan.steps.filter((step): step is Of<Kind> => step.kind === kind);
}

/** Asserts that all steps of one kind stand before all of another. */
function assertBefore(plan: Plan, first: Step["kind"], second: Step["kind"]): void {
  const kinds = plan.steps.map(({ kind }) => kind);
  assert(kinds.includes(first), `there is no ${first}`);
  assert(kinds.includes(second), `there is no ${second}`);
  assert(kinds.lastIndexOf(first) < kinds.indexOf(second), `${first} is not before ${second}`);
}

Deno.test("powers are given up only after their last use", () => {
  const plan = planWith({
    change: (config) => {
      config.linux.sysctl = { "net.ipv4.ip_forward": "1" };
      config.domainname = "example";
    },
    cgroups: LEGACY,
  });
  // What the kernel needs for the new namespaces is not counted as the container's.
  assertBefore(plan, "forkInit", "joinCgroup");
  assertBefore(plan, "joinCgroup", "openRoot");
  assertBefore(plan, "openRoot", "mountFilesystem");
  assertBefore(plan, "mountFilesystem", "makeDevice");
  assertBefore(plan, "makeDevice", "pivotRoot");
  assertBefore(plan, "keepHostProc", "pivotRoot");
  assertBefore(plan, "pivotRoot", "setHostname");
  assertBefore(plan, "writeSysctl", "readonlyPath");
  assertBefore(plan, "readonlyPath", "maskPath");
  assertBefore(plan, "maskPath", "dropBoundingSet");
  assertBefore(plan, "dropBoundingSet", "setUser");
  assertBefore(plan, "setGroups", "setUser");
  assertBefore(plan, "setUser", "setCapabilities");
  assertBefore(plan, "setCapabilities", "setNoNewPrivileges");
  assertBefore(plan, "setNoNewPrivileges", "findExecutable");
  assertEquals(plan.steps.slice(-2).map(({ kind }) => kind), ["waitForStart", "execute"]);
});

Deno.test("every step of config.json says where it comes from", () => {
  const { steps } = planWith();
  for (const { kind, origin, label } of steps) {
    assert(origin === "" || origin.startsWith("/"), `${label}: ${origin}`);
    if (["mountFilesystem", "readonlyPath", "maskPath", "setUser", "execute"].includes(kind)) {
      assert(origin !== "", `${label} has no origin`);
    }
  }
});

Deno.test("cgroups are entered before the host's files are hidden, or written to by nobody", () => {
  assertBefore(planWith({ change: withUserNamespace, cgroups: LEGACY }), "joinCgroup", "unshare");
  const joining = planWith({
    change: (config) => {
      config.linux.namespaces = config.linux.namespaces.map((it: { type: string }) =>
        it.type === "mount" ? { ...it, path: "/proc/1/ns/mnt" } : it
      );
    },
    cgroups: LEGACY,
  });
  assertBefore(joining, "joinCgroup", "joinNamespace");
});

Deno.test("a user namespace comes before all others, and its root has no power to make devices", () => {
  const plan = planWith({ change: withUserNamespace });
  const kinds = plan.steps.map(({ kind }) => kind);
  const user = stepsOf(plan, "unshare").find(({ type }) => type === "user");
  assert(user !== undefined);
  assert(plan.steps.indexOf(user) < kinds.indexOf("forkInit"));
  assertEquals(stepsOf(plan, "makeDevice").map(({ how }) => how), Array(6).fill("bind"));
  assertEquals(plan.host.uidMappings, [{ containerID: 0, hostID: 100000, size: 65536 }]);
});

Deno.test("limits in a user namespace are the host half's to set", () => {
  const inside = planWith({ change: withUserNamespace });
  assertEquals(inside.host.rlimits.map(({ type }) => type), ["RLIMIT_NOFILE"]);
  assertEquals(stepsOf(inside, "setRlimit"), []);
  const outside = planWith();
  assertEquals(outside.host.rlimits, []);
  assertEquals(
    stepsOf(outside, "setRlimit").map(({ resource, soft, hard }) => [resource, soft, hard]),
    [
      ["RLIMIT_NOFILE", 1024n, 1024n],
    ],
  );
});

Deno.test("without a limit of its own the process gets the caller's RLIMIT_NOFILE, not the engine's", () => {
  const plan = planWith({ change: (config) => delete config.process.rlimits });
  assertEquals(stepsOf(plan, "setRlimit").map(({ soft, hard }) => [soft, hard]), [[
    1024n,
    524288n,
  ]]);
});

Deno.test("a namespace is joined first with the host's powers when a user namespace is joined too", () => {
  const plan = planWith({
    change: (config) => {
      config.linux.namespaces = [
        { type: "mount" },
        { type: "network", path: "/run/netns/a" },
        { type: "user", path: "/proc/1/ns/user" },
      ];
      delete config.hostname;
    },
  });
  assertEquals(stepsOf(plan, "joinNamespace").map(({ type, attempt, fd }) => [type, attempt, fd]), [
    ["network", "first", "namespace:0"],
    ["user", "only", "namespace:1"],
    ["network", "again", "namespace:0"],
  ]);
  assertEquals(plan.host.namespaces.map(({ path }) => path), ["/run/netns/a", "/proc/1/ns/user"]);
});

Deno.test("cgroups of version 1 are a tmpfs with a mount each and links for joint controllers", () => {
  const plan = planWith({
    change: (config) => {
      config.linux.namespaces = config.linux.namespaces.filter((it: { type: string }) =>
        it.type !== "cgroup"
      );
    },
    cgroups: LEGACY,
  });
  const binds = stepsOf(plan, "mountBind").filter(({ destination }) =>
    destination.startsWith("/sys/fs/cgroup/")
  );
  assertEquals(binds.map(({ source, destination }) => [source, destination]), [
    ["/sys/fs/cgroup/cpu,cpuacct/c1", "/sys/fs/cgroup/cpu,cpuacct"],
    ["/sys/fs/cgroup/systemd/c1", "/sys/fs/cgroup/systemd"],
  ]);
  const links = stepsOf(plan, "makeSymlink").filter(({ path }) =>
    path.startsWith("/sys/fs/cgroup/")
  );
  assertEquals(links.map(({ path, target }) => [path, target]), [
    ["/sys/fs/cgroup/cpu", "cpu,cpuacct"],
    ["/sys/fs/cgroup/cpuacct", "cpu,cpuacct"],
  ]);
  assert(stepsOf(plan, "makeReadonly").some(({ path }) => path === "/sys/fs/cgroup"));
});

Deno.test("version 2 is mounted itself; in a user namespace without a cgroup namespace the own directory is bound", () => {
  const last = (plan: Plan): string | undefined => stepsOf(plan, "mountFilesystem").at(-1)?.type;
  const shared = (userNamespace: boolean): Plan =>
    planWith({
      change: (config) => {
        const types = config.linux.namespaces.filter((it: { type: string }) =>
          it.type !== "cgroup"
        );
        config.linux.namespaces = userNamespace ? [...types, { type: "user" }] : types;
        if (!userNamespace) return;
        config.linux.uidMappings = [{ containerID: 0, hostID: 1000, size: 1 }];
        config.linux.gidMappings = [{ containerID: 0, hostID: 1000, size: 1 }];
      },
    });
  assertEquals([last(planWith()), last(shared(false))], ["cgroup2", "cgroup2"]);
  const bound = stepsOf(shared(true), "mountBind").map(({ source }) => source);
  assertEquals(bound.filter((source) => source.includes("cgroup")), ["/sys/fs/cgroup/c1"]);
});

Deno.test("ambient capabilities that cannot be raised are left out with a warning in runc's words", () => {
  const plan = planWith({
    change: (config) => {
      config.process.capabilities.ambient = ["CAP_KILL"];
    },
  });
  assertEquals(plan.warnings, [
    "can't raise ambient capability CAP_KILL: it is not both permitted and inheritable",
  ]);
  assertEquals(stepsOf(plan, "setCapabilities")[0]?.sets.ambient, 0n);
  assertEquals((stepsOf(plan, "dropBoundingSet")[0]?.drop ?? 0n) >> 5n & 1n, 0n);
});

Deno.test("a /dev of somebody else's is left as it is", () => {
  const plan = planWith({
    change: (config) => {
      config.mounts = [{ destination: "/dev", type: "bind", source: "/dev", options: ["rbind"] }];
    },
  });
  assertEquals(stepsOf(plan, "makeDevice"), []);
  assertEquals(stepsOf(plan, "makeSymlink"), []);
});

Deno.test("a device is checked against what may be there, unless /dev is new and nobody else put it there", () => {
  const fresh = planWith();
  assertEquals(stepsOf(fresh, "makeDevice").some(({ mayExist }) => mayExist), false);
  const covered = planWith({
    change: (config) => {
      config.mounts.push({
        destination: "/dev/null",
        type: "bind",
        source: "/dev/null",
        options: ["bind"],
      });
    },
  });
  assertEquals(
    stepsOf(covered, "makeDevice").filter(({ mayExist }) => mayExist).map(({ path }) => path),
    ["/dev/null"],
  );
});

Deno.test("shared propagation makes the parent mount private first and comes back after the pivot", () => {
  const plan = planWith({ change: (config) => config.linux.rootfsPropagation = "shared" });
  assertEquals(stepsOf(plan, "setRootPropagation").map(({ propagation }) => propagation), [
    "shared",
    "shared",
  ]);
  assertEquals(stepsOf(plan, "cutParentOff")[0]?.candidates, [
    "/bundle/rootfs",
    "/bundle",
    "/",
  ]);
  assertEquals(stepsOf(planWith(), "setRootPropagation").map(({ propagation }) => propagation), [
    "rslave",
  ]);
});

Deno.test("a root becomes unbindable after the last clone of its mounts", () => {
  const plan = planWith({ change: (config) => config.linux.rootfsPropagation = "runbindable" });
  assertEquals(stepsOf(plan, "setRootPropagation").map(({ propagation }) => propagation), [
    "rprivate",
    "runbindable",
  ]);
  const last = plan.steps.findLastIndex(({ kind }) => kind === "setRootPropagation");
  const clone = plan.steps.findLastIndex(({ kind }) =>
    kind === "maskPath" || kind === "readonlyPath"
  );
  assert(clone < last);
});

Deno.test("of the links in /dev only that to /proc/kcore depends on the host", () => {
  const links = stepsOf(planWith(), "makeSymlink").filter(({ path }) => path.startsWith("/dev/"));
  assertEquals(
    links.filter(({ where }) => where !== null).map(({ path, target, where }) => [
      path,
      target,
      where,
    ]),
    [["/dev/core", "/proc/kcore", "/proc/kcore"]],
  );
});

Deno.test("in a cgroup namespace version 1 trees are mounted without set-id files, devices and programs", () => {
  const plan = planWith({
    cgroups: LEGACY,
    change: (config) => {
      config.mounts = [{ destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup" }];
    },
  });
  const mounts = stepsOf(plan, "mountFilesystem").filter(({ type }) => type.startsWith("cgroup"));
  assert(mounts.length > 1);
  for (const { attributes } of mounts) {
    assertEquals(attributes, ["MOUNT_ATTR_NOSUID", "MOUNT_ATTR_NODEV", "MOUNT_ATTR_NOEXEC"]);
  }
});

Deno.test("without a mount namespace nothing of the host's mounts is changed and the root is changed by chroot", () => {
  const plan = planWith({
    change: (config) => {
      config.linux.namespaces = [{ type: "pid" }, { type: "uts" }];
      config.linux.maskedPaths = [];
      config.linux.readonlyPaths = [];
      config.root.readonly = false;
    },
  });
  assertEquals(stepsOf(plan, "setRootPropagation"), []);
  assertEquals(stepsOf(plan, "pivotRoot"), []);
  assertEquals(stepsOf(plan, "changeRoot").length, 1);
});

Deno.test("without pivot_root the host's whole procfs and sysfs are hidden, then the root is moved", () => {
  const plan = planWith({ noPivot: { fullMounts: ["/proc", "/srv/x/sys"] } });
  assertEquals(stepsOf(plan, "pivotRoot"), []);
  assertEquals(stepsOf(plan, "hideHostMount").map(({ path }) => path), ["/proc", "/srv/x/sys"]);
  assertBefore(plan, "makeDevice", "hideHostMount");
  assertBefore(plan, "hideHostMount", "moveRoot");
  assertBefore(plan, "moveRoot", "maskPath");
});

Deno.test("only a slave root goes on being told of what is mounted on the host", () => {
  const rootOf = (propagation?: string): readonly unknown[] => {
    const plan = planWith({ change: (config) => config.linux.rootfsPropagation = propagation });
    return [
      stepsOf(plan, "cutParentOff")[0]?.propagation,
      stepsOf(plan, "openRoot")[0]?.makePrivate,
    ];
  };
  assertEquals(rootOf(), [undefined, true]);
  assertEquals(rootOf("slave"), ["slave", false]);
  assertEquals(rootOf("rslave"), [undefined, false]);
  assertEquals(rootOf("private"), ["private", false]);
  assertEquals(rootOf("rshared"), ["private", false]);
});

Deno.test("mountLabel is an option of the file systems that take one, quoted where options are one text", () => {
  const plan = planWith({
    change: (config) => {
      config.linux.mountLabel = "u:r:t:s0:c1,c2";
      config.mounts.push(
        { destination: "/disk", type: "ext4", source: "/dev/sda1", options: ["discard"] },
        { destination: "/own", type: "tmpfs", source: "tmpfs", options: ["context=mine"] },
        { destination: "/bind", type: "bind", source: "/srv", options: ["bind"] },
      );
    },
  });
  const labelled = stepsOf(plan, "mountFilesystem").filter(({ parameters }) =>
    parameters.includes("context=u:r:t:s0:c1,c2")
  );
  assertEquals(labelled.map(({ destination }) => destination), ["/dev", "/dev/pts", "/dev/shm"]);
  const relabelled = stepsOf(plan, "mountFilesystem").filter(({ relabel }) => relabel !== "");
  assertEquals(relabelled.map(({ destination }) => destination), ["/dev/mqueue"]);
  assertEquals(stepsOf(plan, "mountClassic")[0]?.data, 'discard,context="u:r:t:s0:c1,c2"');
  assertEquals(
    new Set(stepsOf(plan, "maskPath").map(({ context }) => context)),
    new Set(["context=u:r:t:s0:c1,c2"]),
  );
  assertEquals(stepsOf(planWith(), "mountFilesystem").filter(({ relabel }) => relabel !== ""), []);
});

type Annotations = Readonly<Record<string, string>>;

Deno.test("the caller's groups are kept where run.oci.keep_original_groups is there, and not 0", () => {
  const sets = (annotations?: Annotations): boolean =>
    stepsOf(planWith({ change: (config) => config.annotations = annotations }), "setGroups")
      .length > 0;
  const named = (value: string): Annotations => ({ "run.oci.keep_original_groups": value });
  assertEquals([sets(), sets(named("0"))], [true, true]);
  assertEquals([sets(named("1")), sets(named("true"))], [false, false]);
});

Deno.test("run.oci.mount_context_type says by which option mounts are told their label", () => {
  const plan = planWith({
    change: (config) => {
      config.linux.mountLabel = "u:r:t:s0";
      config.annotations = { "run.oci.mount_context_type": "rootcontext" };
      config.mounts.push(
        { destination: "/disk", type: "ext4", source: "/dev/sda1", options: ["discard"] },
        { destination: "/own", type: "tmpfs", source: "tmpfs", options: ["rootcontext=mine"] },
      );
    },
  });
  const parameters = stepsOf(plan, "mountFilesystem").flatMap((step) => step.parameters);
  const told = parameters.filter((option) => option.includes("context="));
  assertEquals(told, [...Array(3).fill("rootcontext=u:r:t:s0"), "rootcontext=mine"]);
  assertEquals(stepsOf(plan, "mountClassic")[0]?.data, 'discard,rootcontext="u:r:t:s0"');
  assertEquals(
    new Set(stepsOf(plan, "maskPath").map(({ context }) => context)),
    new Set(["rootcontext=u:r:t:s0"]),
  );
});

Deno.test("a path that is listed twice is masked once", () => {
  const plan = planWith({
    change: (config) => config.linux.maskedPaths = ["/a", "/b", "/a/", "/a/../a"],
  });
  assertEquals(stepsOf(plan, "maskPath").map(({ path }) => path), ["/a", "/b"]);
});
