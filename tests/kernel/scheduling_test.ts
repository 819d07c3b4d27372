import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Edit } from "tests/support/bundle.ts";
import { messageOf, OCIRT, runProgram } from "tests/support/ocirt.ts";
import { containerTest, type Stage } from "tests/support/stage.ts";

/** Nice, real-time priority and policy of a process: fields 19, 40 and 41 of its `stat` (proc(5)). */
const SCHEDULING = "cut -d' ' -f19,40,41 /proc/self/stat";

function scheduled(stage: Stage, scheduler: Record<string, unknown>): string {
  return stage.sh(SCHEDULING, (config) => config.process["scheduler"] = scheduler).trim();
}

/** Asserts that create fails in one sentence that has these words. */
function assertRefused(stage: Stage, edit: Edit, words: RegExp): void {
  const result = stage.container(edit).launch("create");
  assertEquals([result.code, result.stdout], [1, ""]);
  assertMatch(messageOf(result), words);
}

containerTest("the scheduler's policy and nice are as asked, and the caller's without", (stage) => {
  assertEquals(stage.sh(SCHEDULING), "0 0 0\n");
  assertEquals(scheduled(stage, { policy: "SCHED_OTHER", nice: 7 }), "7 0 0");
  assertEquals(scheduled(stage, { policy: "SCHED_OTHER", nice: -3 }), "-3 0 0");
  assertEquals(scheduled(stage, { policy: "SCHED_BATCH", nice: 19 }), "19 0 3");
  assertEquals(scheduled(stage, { policy: "SCHED_IDLE" }), "0 0 5");
});

containerTest(
  "the scheduler works in a user namespace as far as it takes no privilege",
  (stage) => {
    const seen = stage.sh(SCHEDULING, (config) => {
      config.linux.namespaces.push({ type: "user" });
      config.linux["uidMappings"] = [{ containerID: 0, hostID: 0, size: 65536 }];
      config.linux["gidMappings"] = [{ containerID: 0, hostID: 0, size: 65536 }];
      config.process["scheduler"] = { policy: "SCHED_BATCH", nice: 5 };
    });
    assertEquals(seen, "5 0 3\n");
  },
);

containerTest(
  "a scheduler flag is set: what the process forks has the usual nice again",
  (stage) => {
    const edit: Edit = (config) => {
      config.process["scheduler"] = {
        policy: "SCHED_BATCH",
        nice: -4,
        flags: ["SCHED_FLAG_RESET_ON_FORK"],
      };
    };
    const script =
      `read line </proc/$$/stat; echo "$line" | cut -d' ' -f19,41; (${SCHEDULING}); true`;
    assertEquals(stage.sh(script, edit), "-4 3\n0 0 3\n");
  },
);

containerTest(
  "a real-time policy is set where the cgroup has time for it, or refused in a sentence",
  (stage) => {
    for (const [policy, number] of [["SCHED_FIFO", 1], ["SCHED_RR", 2]] as const) {
      const result = stage.container((config) => {
        config.process.args = ["sh", "-c", SCHEDULING];
        config.process["scheduler"] = { policy, priority: 10 };
      }).run();
      if (result.code === 0) assertEquals(result.stdout, `0 10 ${number}\n`);
      else {
        assertMatch(
          messageOf(result),
          /Cannot set scheduler to SCHED_\w+ with priority 10 \(\/process\/scheduler\): EPERM .*; hint: it needs CAP_SYS_NICE/,
        );
      }
    }
  },
);

containerTest("a deadline is kept to the nanosecond, or refused in a sentence", (stage) => {
  const c = stage.container((config) => {
    config.process.args = ["sleep", "60"];
    config.process["scheduler"] = {
      policy: "SCHED_DEADLINE",
      runtime: 42_000,
      deadline: 100_000,
      period: 1_000_000,
      flags: ["SCHED_FLAG_RESET_ON_FORK"],
    };
  });
  const result = c.launch("create");
  if (result.code !== 0) {
    assertMatch(messageOf(result), /Cannot set scheduler to SCHED_DEADLINE with runtime, /);
    return;
  }
  const { stdout } = runProgram(["chrt", "-p", String(c.state().pid)]);
  assertMatch(stdout, /SCHED_DEADLINE\|SCHED_RESET_ON_FORK/);
  assertMatch(stdout, /runtime\/deadline\/period parameters: 42000\/100000\/1000000/);
});

containerTest("values that the kernel has no sense for are explained", (stage) => {
  const refused = (scheduler: Record<string, unknown>, words: RegExp): void =>
    assertRefused(stage, (config) => config.process["scheduler"] = scheduler, words);
  refused({ policy: "SCHED_ISO" }, /EINVAL .*; hint: Linux has no such policy/);
  refused({ policy: "SCHED_FIFO" }, /EINVAL .*; hint: it needs a priority from 1 to 99/);
  refused(
    { policy: "SCHED_DEADLINE", runtime: 5000, deadline: 2000 },
    /EINVAL .*; hint: runtime must not be longer than deadline/,
  );
  refused({ policy: "SCHED_FIFO", priority: -1 }, /invalid scheduler.priority: -1/);
});

containerTest("the I/O priority is as asked", (stage) => {
  const seen = (ioPriority: Record<string, unknown> | null): string =>
    stage.sh("busybox ionice", (config) => {
      if (ioPriority !== null) config.process["ioPriority"] = ioPriority;
    }).trim();
  assertEquals(seen(null), "none: prio 0");
  assertEquals(seen({ class: "IOPRIO_CLASS_BE", priority: 4 }), "best-effort: prio 4");
  assertEquals(seen({ class: "IOPRIO_CLASS_RT", priority: 7 }), "realtime: prio 7");
  assertMatch(seen({ class: "IOPRIO_CLASS_IDLE" }), /^idle/);
});

containerTest(
  "the personality LINUX32 shows the kernel's 32-bit machine, LINUX the real one",
  (stage) => {
    const seen = (domain: string): string =>
      stage.sh(
        "cat /proc/self/personality; uname -m",
        (config) => config.linux["personality"] = { domain, flags: [] },
      );
    assertEquals(seen("LINUX"), `00000000\n${Deno.build.arch}\n`);
    // User-Mode Linux has no 32-bit machine to show.
    assertEquals(
      seen("LINUX32"),
      `00000008\n${runProgram(["setarch", "linux32", "uname", "-m"]).stdout}`,
    );
  },
);

containerTest("the memory policy is as asked", (stage) => {
  const policy = (memoryPolicy: Record<string, unknown> | null): string =>
    stage.sh("head -n 1 /proc/self/numa_maps | cut -d' ' -f2", (config) => {
      if (memoryPolicy !== null) config.linux["memoryPolicy"] = memoryPolicy;
    }).trim();
  assertEquals(policy(null), "default");
  assertEquals(policy({ mode: "MPOL_DEFAULT" }), "default");
  assertEquals(policy({ mode: "MPOL_INTERLEAVE", nodes: "0" }), "interleave:0");
  assertMatch(
    policy({ mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_STATIC_NODES"] }),
    /^bind[=:].*static.*0$/,
  );
  assertMatch(
    policy({ mode: "MPOL_PREFERRED", nodes: "0", flags: ["MPOL_F_RELATIVE_NODES"] }),
    /^prefer.*relative.*0$/,
  );
}, "numa");

containerTest("a memory policy for nodes that no machine has is refused in a sentence", (stage) => {
  const policy = (memoryPolicy: Record<string, unknown>): Edit => (config) =>
    config.linux["memoryPolicy"] = memoryPolicy;
  assertRefused(
    stage,
    policy({ mode: "MPOL_BIND", nodes: "0,2000" }),
    /Cannot set memory policy to MPOL_BIND for nodes 0,2000 \(\/linux\/memoryPolicy\): E(?:INVAL .*; hint: |NOSYS .*; hint: this kernel knows no NUMA)/,
  );
  assertRefused(stage, policy({}), /invalid memory policy/);
  assertRefused(
    stage,
    policy({ mode: "MPOL_DEFAULT", nodes: "0-7" }),
    /mode requires 0 nodes but got 8/,
  );
});

containerTest("the process may run on all CPUs, whatever the caller may", (stage) => {
  const all = runProgram(["grep", "^Cpus_allowed:", "/proc/1/status"]).stdout;
  const first = /^[0-9]+/.exec(Deno.readTextFileSync("/sys/devices/system/cpu/online"))?.[0] ?? "0";
  const c = stage.container((config) => {
    config.process.args = ["grep", "^Cpus_allowed:", "/proc/self/status"];
  });
  const launch = [OCIRT, "--root", stage.root, "run", "-b", c.bundle, c.id];
  const { code, stdout, stderr } = runProgram(["taskset", "-c", first, ...launch]);
  assertEquals([code, stderr], [0, ""]);
  assertEquals(stdout, all);
  assert(/^Cpus_allowed:\t[0-9a-f,]+\n$/.test(stdout), stdout);
});
