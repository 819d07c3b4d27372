import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { ERRNO } from "syscalls/abi/errno.ts";
import { link } from "syscalls/native/link.ts";
import { listProgram } from "syscalls/native/listing.ts";
import { TAG_FAILED } from "syscalls/native/report.ts";
import { LaunchError } from "runtime/base/errors.ts";
import { failureOf } from "runtime/base/failure.ts";
import { compileImage, compileInit } from "runtime/compile/init/program.ts";
import { DUTY, TAG } from "runtime/plan/protocol.ts";
import { assertGolden } from "tests/support/golden.ts";
import { programOf, runWhereAllWorks } from "tests/support/working_kernel.ts";
import {
  descriptorsFor,
  LEGACY,
  type PlanOptions,
  planWith,
  withUserNamespace,
} from "tests/support/plan_fixtures.ts";
import type { Draft } from "tests/support/spec_fixtures.ts";

/** Configurations that between them have every kind of step. */
const CASES: Readonly<Record<string, PlanOptions>> = {
  "template, version 2": {},
  "template, version 1": {
    change: (config) => {
      config.linux.namespaces = config.linux.namespaces.filter((it: { type: string }) =>
        it.type !== "cgroup"
      );
    },
    cgroups: LEGACY,
  },
  "user namespace": { change: withUserNamespace, preservedFds: 2 },
  "id-mapped mounts": { change: withIdmaps },
  "labels": { change: (config) => config.linux.mountLabel = "u:r:t:s0:c1,c2" },
  "no pivot": { noPivot: { fullMounts: ["/proc", "/sys"] } },
  "process properties": { change: everyProperty, keyring: null },
  "everything else": {
    change: (config) => {
      config.linux.namespaces.push({ type: "time" });
      config.linux.timeOffsets = { monotonic: { secs: 10, nanosecs: 5 } };
      config.linux.sysctl = { "net.ipv4.ip_forward": "1" };
      config.linux.rootfsPropagation = "shared";
      config.linux.devices = [
        { type: "c", path: "/dev/net/tun", major: 10, minor: 200, uid: 5, gid: 6 },
        { type: "p", path: "/run/pipe" },
      ];
      config.domainname = "example";
      config.process.cwd = "/work/dir";
      config.process.user.additionalGids = [7, 8];
      config.mounts.push(
        {
          destination: "/data",
          type: "none",
          source: "/data",
          options: ["rbind", "ro", "rslave", "rnosuid"],
        },
        { destination: "/disk", type: "ext4", source: "/dev/sda1", options: ["noatime", "sync"] },
        { destination: "/data", type: "none", source: "/data", options: ["remount", "rw"] },
      );
    },
  },
};

/** Mounts with the mappings of the container and with their own, one of them of what lies in the root. */
function withIdmaps(config: Draft): void {
  withUserNamespace(config);
  const map = [{ containerID: 0, hostID: 200000, size: 10 }];
  const own = { uidMappings: map, gidMappings: map };
  config.mounts.push(
    { destination: "/a", source: "/a", options: ["rbind", "ro", "idmap"] },
    { destination: "/b", source: "/b", options: ["rbind", "ridmap"], ...own },
    { destination: "/c", source: "rootfs/a", options: ["bind"], ...own },
  );
}

/** What there is to say of the process beyond the template. */
function everyProperty(config: Draft): void {
  config.process.user = { uid: 1000, gid: 1000 };
  config.process.scheduler = {
    policy: "SCHED_DEADLINE",
    flags: ["SCHED_FLAG_RESET_ON_FORK", "SCHED_FLAG_RECLAIM"],
    runtime: 42_000,
    deadline: 100_000,
    period: 1_000_000,
  };
  config.process.ioPriority = { class: "IOPRIO_CLASS_BE", priority: 4 };
  config.linux.personality = { domain: "LINUX32" };
  config.linux.memoryPolicy = {
    mode: "MPOL_BIND",
    nodes: "0-1,70",
    flags: ["MPOL_F_STATIC_NODES"],
  };
}

for (const [name, options] of Object.entries(CASES)) {
  Deno.test(`the init program is as it was: ${name}`, () => {
    assertGolden(
      `init/${name.replaceAll(/\W+/g, "_")}.txt`,
      listProgram(programOf(planWith(options))),
    );
  });

  Deno.test(`writing machine code at once gives what linking the program gives: ${name}`, () => {
    const plan = planWith(options);
    for (const arch of ["x86_64", "aarch64"] as const) {
      const descriptors = descriptorsFor(plan);
      const linked = link(compileInit(plan, arch, descriptors), arch);
      assertEquals(compileImage(plan, arch, descriptors), linked);
    }
  });
}

Deno.test("when everything works the init asks, is ready, and becomes the user's program", () => {
  const plan = planWith();
  const { end, reports, trace } = runWhereAllWorks(plan);
  assertEquals(end, { kind: "executed" });
  assertEquals(reports.map(({ tag, value }) => [tag, value]), [
    [TAG.ask, BigInt(DUTY.place)],
    [TAG.ask, BigInt(DUTY.terminal)],
    [TAG.ready, 0n],
  ]);
  const { sync, gate } = descriptorsFor(plan);
  const last = trace.slice(-2).map(({ call, args }) => [call, ...args.slice(0, 1).map(Number)]);
  assertEquals(last[0], ["read", gate]);
  assertEquals(last[1]?.[0], "execve");
  assertEquals(reports.at(-1)?.fd, BigInt(sync));
});

Deno.test("a call that fails is reported as the step it belongs to, and nothing is done after it", () => {
  const plan = planWith(CASES["everything else"]);
  const { length } = runWhereAllWorks(plan).trace;
  assert(length > 200, `only ${length} calls were made`);
  let reported = 0;
  for (let failing = 0; failing < length; failing++) {
    const { trace, reports, end } = runWhereAllWorks(plan, failing);
    const failed = trace[failing];
    const report = reports.at(-1);
    // A call whose every failure is forgiven has nothing to report, or has the next one fail in its place.
    if (report?.tag !== TAG_FAILED) continue;
    reported++;
    if (report.value === BigInt(ERRNO.EIO)) assertEquals(report.step, failed?.step);
    assertEquals(end, { kind: "exited", code: 1 });
    assertEquals(trace.at(-1)?.step, report.step);
  }
  assert(reported > length * 0.9, `${reported} of ${length} failures were reported`);
});

Deno.test("no words are in the program: the parent has them all", () => {
  const image = compileImage(planWith(), "x86_64", descriptorsFor(planWith()));
  const text = new TextDecoder("latin1").decode(image);
  for (const word of ["Cannot", 'mount "', "hint", "namespace"]) assert(!text.includes(word), word);
});

Deno.test("more mounts than a program for aarch64 can have are told as such", () => {
  const plan = planWith({
    change: (config) => {
      for (let i = 0; i < 3000; i++) {
        config.mounts.push({ destination: `/m${i}`, type: "tmpfs", source: "tmpfs" });
      }
    },
  });
  const error = assertThrows(
    () => compileImage(plan, "aarch64", descriptorsFor(plan)),
    LaunchError,
  );
  assertMatch(
    failureOf(error).text,
    /^Cannot compile config.json: it asks for too much, .* it has \d+ bytes of code, at most 1048576 /,
  );
  assert(compileImage(plan, "x86_64", descriptorsFor(plan)).length > 0x10_0000);
});

Deno.test("all is closed but what the process keeps and what the program still talks by", () => {
  const plan = planWith({ preservedFds: 2 });
  const { trace } = runWhereAllWorks(plan);
  const last = trace.findLast(({ call }) => call === "close_range");
  const closed = trace.filter(({ call, step }) => call === "close_range" && step === last?.step);
  // 20, 21 and 22 are the socket, the gate and the outcome.
  const ranges = closed.map(({ args }) => args.slice(0, 2).map(Number));
  assertEquals(ranges, [[5, 19], [23, 0xffff_ffff]]);
});
