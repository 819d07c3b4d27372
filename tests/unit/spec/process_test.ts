import { assertEquals } from "@std/assert";
import { parseProcess } from "runtime/spec/parse.ts";
import type { ValidProcess } from "runtime/spec/valid.ts";
import { validateProcess } from "runtime/spec/validate.ts";
import {
  CONTEXT,
  type Draft,
  FACTS,
  problemsOf,
  problemsWith,
  validWith,
} from "tests/support/spec_fixtures.ts";

function validProcess(change: (process: Draft) => void): ValidProcess {
  const { process } = validWith((config) => change(config.process));
  if (process === null) throw new Error("the config has a process");
  return process;
}

function processProblems(change: (process: Draft) => void): string[] {
  return problemsWith((config) => change(config.process));
}

Deno.test("a config without a process is valid", () => {
  assertEquals(validWith((config) => delete config.process).process, null);
});

Deno.test("a process gets every default", () => {
  const { process } = validWith((config) => config.process = { cwd: "/", args: ["a"] });
  const none = { bounding: 0n, effective: 0n, permitted: 0n, inheritable: 0n, ambient: 0n };
  assertEquals(process, {
    args: ["a"],
    env: [],
    cwd: "/",
    terminal: false,
    consoleSize: null,
    uid: 0,
    gid: 0,
    additionalGids: [],
    umask: null,
    rlimits: [],
    capabilities: none,
    noNewPrivileges: false,
    oomScoreAdj: null,
    apparmorProfile: "",
    selinuxLabel: "",
    scheduler: null,
    ioPriority: null,
    execCpuAffinity: { initial: null, final: null },
  });
});

Deno.test("args and cwd are required in runc's words", () => {
  assertEquals(
    processProblems((process) => {
      process.args = [];
      process.cwd = "tmp";
    }),
    [
      "/process/args: args must not be empty",
      '/process/cwd: "tmp" is relative: Cwd must be an absolute path',
    ],
  );
  assertEquals(processProblems((process) => process.cwd = ""), [
    "/process/cwd: Cwd property must not be empty",
  ]);
});

Deno.test("of a variable given twice the last value counts, at the first place", () => {
  assertEquals(validProcess((process) => process.env = ["A=1", "B=", "A=2=3"]).env, [
    "A=2=3",
    "B=",
  ]);
});

Deno.test("variables without name or = are refused in runc's words", () => {
  assertEquals(processProblems((process) => process.env = ["OK=1", "NO", "=X"]), [
    "/process/env/1: invalid environment variable: missing '=': \"NO\"",
    '/process/env/2: invalid environment variable: name cannot be empty: "=X"',
  ]);
});

Deno.test("duplicate rlimits and soft limits above the hard one are refused", () => {
  const limit = (soft: number, hard: number): Draft => ({ type: "RLIMIT_CPU", soft, hard });
  assertEquals(processProblems((process) => process.rlimits = [limit(1, 2), limit(3, 2)]), [
    '/process/rlimits/1/type: "RLIMIT_CPU" is already given at /process/rlimits/0',
    "/process/rlimits/1/soft: 3 is above the hard limit 2",
  ]);
});

Deno.test("unknown and unavailable capabilities are left out with one warning", () => {
  const facts = { ...FACTS, capabilityBounds: FACTS.capabilityBounds & ~(1n << 24n) };
  const spec = validWith((config) => {
    const names = ["CAP_CHOWN", "CAP_FUTURE", "CAP_SYS_RESOURCE", "cap_kill"];
    config.process.capabilities = { bounding: names, effective: names, permitted: names };
  }, { ...CONTEXT, facts });
  assertEquals(spec.process?.capabilities, {
    bounding: 1n,
    effective: 1n,
    permitted: 1n,
    inheritable: 0n,
    ambient: 0n,
  });
  assertEquals(spec.warnings, [
    '/process/capabilities: ignoring unknown or unavailable capabilities: "CAP_FUTURE", "CAP_SYS_RESOURCE", "cap_kill"',
  ]);
});

Deno.test("a capability that is effective but not permitted is refused", () => {
  const problems = processProblems((process) =>
    process.capabilities = { effective: ["CAP_KILL", "CAP_CHOWN"], permitted: ["CAP_CHOWN"] }
  );
  assertEquals(problems, [
    "/process/capabilities/effective: CAP_KILL must be permitted to be effective",
  ]);
});

Deno.test("ids without a mapping in the user namespace are refused", () => {
  const problems = problemsWith((config) => {
    config.linux.namespaces.push({ type: "user" });
    config.linux.uidMappings = [{ containerID: 0, hostID: 1000, size: 10 }];
    config.linux.gidMappings = [{ containerID: 0, hostID: 1000, size: 10 }];
    config.process.user = { uid: 10, gid: 11, additionalGids: [9, 12] };
  });
  assertEquals(problems, [
    "/process/user/uid: cannot setuid to unmapped uid 10 in user namespace",
    "/process/user/gid: cannot setgid to unmapped gid 11 in user namespace",
    "/process/user/additionalGids/1: cannot setgid to unmapped gid 12 in user namespace",
  ]);
});

Deno.test("an ordinary user cannot have additional groups", () => {
  const context = { ...CONTEXT, facts: { ...FACTS, euid: 1000 } };
  const problems = problemsWith((config) => config.process.user.additionalGids = [5], context);
  assertEquals(problems, [
    "/linux/namespaces: rootless container requires user namespaces",
    "/process/user/additionalGids: cannot set any additional groups in a rootless container",
  ]);
});

Deno.test("oomScoreAdj, ioPriority and CPU lists are held to their ranges", () => {
  const problems = processProblems((process) => {
    process.oomScoreAdj = 1001;
    process.ioPriority = { class: "IOPRIO_CLASS_BE", priority: 8 };
    process.execCPUAffinity = { initial: "0-3, ,7", final: "3-1" };
  });
  assertEquals(problems, [
    "/process/oomScoreAdj: 1001 is not in the range -1000 to 1000",
    "/process/ioPriority/priority: invalid ioPriority.Priority: 8; the range is 0 to 7",
    '/process/execCPUAffinity/final: bad CPU list: the range "3-1" ends before it begins',
  ]);
});

Deno.test("scheduler fields belong to their policies", () => {
  const scheduler = (fields: Draft): string[] =>
    processProblems((process) => process.scheduler = fields);
  assertEquals(scheduler({ policy: "SCHED_BATCH", nice: 20 }), [
    "/process/scheduler/nice: invalid scheduler.nice: 20 when scheduler.policy is SCHED_BATCH; the range is -20 to 19",
  ]);
  assertEquals(scheduler({ policy: "SCHED_OTHER", priority: 1, runtime: 5 }), [
    "/process/scheduler/priority: scheduler.priority can only be specified for SchedFIFO or SchedRR policy, not for SCHED_OTHER",
    "/process/scheduler/runtime: scheduler runtime/deadline/period can only be specified for SchedDeadline policy, not for SCHED_OTHER",
  ]);
  assertEquals(scheduler({ policy: "SCHED_RR", priority: 100 }), [
    "/process/scheduler/priority: invalid scheduler.priority: 100; the range is 1 to 99",
  ]);
  assertEquals(scheduler({ policy: "SCHED_FIFO", priority: 50, nice: 99 }), []);
  assertEquals(scheduler({ policy: "SCHED_DEADLINE", runtime: 1, deadline: 2, period: 3 }), []);
});

Deno.test("what says when and where a process runs is filled in", () => {
  const process = validProcess((process) => {
    process.scheduler = { policy: "SCHED_ISO", flags: ["SCHED_FLAG_RECLAIM"] };
    process.ioPriority = { class: "IOPRIO_CLASS_IDLE" };
    process.execCPUAffinity = { initial: "1-2", final: "" };
  });
  const { scheduler, ioPriority, execCpuAffinity } = process;
  const none = { nice: 0, priority: 0, runtime: 0n, deadline: 0n, period: 0n };
  assertEquals(scheduler, { policy: "SCHED_ISO", flags: ["SCHED_FLAG_RECLAIM"], ...none });
  assertEquals(ioPriority, { class: "IOPRIO_CLASS_IDLE", priority: 0 });
  assertEquals(execCpuAffinity, { initial: { ids: new Set([1, 2]), text: "1-2" }, final: null });
});

Deno.test("validateProcess() checks a process.json with pointers into that file", () => {
  const scope = { facts: FACTS, userNamespace: null };
  const good = parseProcess('{"cwd":"/","args":["sh"],"user":{"uid":5}}', "process.json");
  assertEquals(validateProcess(good, "process.json", scope).process.uid, 5);
  const bad = parseProcess('{"cwd":"x","args":["sh"]}', "process.json");
  assertEquals(problemsOf(() => validateProcess(bad, "process.json", scope)), [
    '/cwd: "x" is relative: Cwd must be an absolute path',
  ]);
});
