import { assert, assertEquals } from "@std/assert";
import { ERRNO } from "syscalls/abi/errno.ts";
import { S_IF } from "syscalls/abi/open.ts";
import { DEVPTS_SUPER_MAGIC, makedev } from "syscalls/abi/kernel_stat.ts";
import type { SyscallName } from "syscalls/abi/numbers/names.ts";
import { interpret, type Interpretation, type Memory } from "syscalls/native/interpreter.ts";
import { link } from "syscalls/native/link.ts";
import { listProgram } from "syscalls/native/listing.ts";
import { TAG_FAILED } from "syscalls/native/report.ts";
import { compileImage, compileInit } from "runtime/compile/init/program.ts";
import type { Plan } from "runtime/plan/plan.ts";
import { DUTY, TAG } from "runtime/plan/protocol.ts";
import { assertGolden } from "tests/support/golden.ts";
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

function programOf(plan: Plan): ReturnType<typeof compileInit> {
  return compileInit(plan, "x86_64", descriptorsFor(plan));
}

/** Calls that give descriptors. */
const OPENING: readonly SyscallName[] = [
  "openat",
  "openat2",
  "open_tree",
  "fsopen",
  "fsmount",
  "socket",
];

/** `struct stat` of x86-64 for the node that was made last: its mode and device number. */
function writeStat(
  memory: Memory,
  address: bigint,
  [mode, device]: readonly [bigint, bigint],
): void {
  memory.write(address + 24n, new Uint8Array(new BigUint64Array([mode]).buffer));
  memory.write(address + 40n, new Uint8Array(new BigUint64Array([device]).buffer));
}

/** A kernel on which everything works: the init is the child of every clone, the host half answers, start comes. */
function run(plan: Plan, failing: number | null = null): Interpretation {
  let count = 0;
  let made: readonly [bigint, bigint] = [0n, 0n];
  let fd = 50n;
  return interpret(programOf(plan), {
    syscall: (name: SyscallName, args: readonly bigint[], memory: Memory): bigint => {
      if (count++ === failing) return -BigInt(ERRNO.EIO);
      if (name === "read") return args[2] ?? 0n;
      // The executable is no directory.
      if (name === "openat" && memory.cString(args[1] ?? 0n).endsWith("/sh")) {
        return -BigInt(ERRNO.ENOTDIR);
      }
      if (name === "getcwd") memory.write(args[0] ?? 0n, new TextEncoder().encode("/work\0"));
      if (name === "openat2" && memory.cString(args[1] ?? 0n) === "dev/pts/ptmx") {
        made = [BigInt(S_IF.S_IFCHR), makedev(5, 2)];
      }
      if (name === "fstatfs") {
        memory.write(
          args[1] ?? 0n,
          new Uint8Array(new BigUint64Array([DEVPTS_SUPER_MAGIC]).buffer),
        );
      }
      if (name === "mknodat") made = [args[2] ?? 0n, args[3] ?? 0n];
      if (name === "newfstatat") writeStat(memory, args[2] ?? 0n, made);
      return OPENING.includes(name) ? fd++ : 0n;
    },
  });
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
  const { end, reports, trace } = run(plan);
  assertEquals(end, { kind: "executed" });
  assertEquals(reports.map(({ tag, value }) => [tag, value]), [
    [TAG.ask, BigInt(DUTY.place)],
    [TAG.ask, BigInt(DUTY.terminal)],
    [TAG.ready, 0n],
  ]);
  const { outcome, gate } = descriptorsFor(plan);
  const last = trace.slice(-4).map(({ call, args }) => [call, ...args.slice(0, 2).map(Number)]);
  assertEquals(last.slice(0, 3), [
    ["read", gate, Number(trace.at(-4)?.args[1])],
    ["dup3", outcome, 3],
    ["close_range", 4, 0xffff_ffff],
  ]);
  assertEquals(last[3]?.[0], "execve");
});

Deno.test("a call that fails is reported as the step it belongs to, and nothing is done after it", () => {
  const plan = planWith(CASES["everything else"]);
  const { length } = run(plan).trace;
  assert(length > 200, `only ${length} calls were made`);
  let reported = 0;
  for (let failing = 0; failing < length; failing++) {
    const { trace, reports, end } = run(plan, failing);
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

Deno.test("descriptors that the process keeps lie below the one that tells of execve", () => {
  const plan = planWith({ preservedFds: 2 });
  const { trace } = run(plan);
  assertEquals(trace.findLast(({ call }) => call === "dup3")?.args[1], 5n);
  assertEquals(trace.findLast(({ call }) => call === "close_range")?.args[0], 6n);
});
