import { assertEquals } from "@std/assert";
import { type Draft, problemsWith } from "tests/support/spec_fixtures.ts";

function seccompProblems(seccomp: Draft, annotations: Draft = {}): string[] {
  return problemsWith((config) => {
    config.linux.seccomp = seccomp;
    config.annotations = annotations;
  });
}

const RULE = { names: ["mkdir"], action: "SCMP_ACT_ERRNO" };

Deno.test("a seccomp object without action and system calls is none, as in runc", () => {
  assertEquals(seccompProblems({}), []);
  assertEquals(seccompProblems({ defaultAction: "", syscalls: [] }), []);
  assertEquals(seccompProblems({ syscalls: [RULE] }), [
    "/linux/seccomp/defaultAction: is missing; it is required where syscalls are given",
  ]);
});

Deno.test("an errno is refused for an action that has none", () => {
  const problems = seccompProblems({
    defaultAction: "SCMP_ACT_ALLOW",
    defaultErrnoRet: 1,
    syscalls: [
      { ...RULE, errnoRet: 4096 },
      { names: ["a"], action: "SCMP_ACT_TRACE", errnoRet: 4096 },
      { names: ["b"], action: "SCMP_ACT_KILL", errnoRet: 1 },
    ],
  });
  assertEquals(problems, [
    "/linux/seccomp/defaultErrnoRet: errno value specified for action SCMP_ACT_ALLOW, which takes none",
    "/linux/seccomp/syscalls/0/errnoRet: 4096 is not in the range 0 to 4095",
    "/linux/seccomp/syscalls/2/errnoRet: errno value specified for action SCMP_ACT_KILL, which takes none",
  ]);
});

Deno.test("rules without names and arguments beyond the sixth are refused", () => {
  const args = [{ index: 6, value: 1, op: "SCMP_CMP_EQ" }];
  const syscalls = [{ ...RULE, names: [] }, { ...RULE, args }];
  assertEquals(seccompProblems({ defaultAction: "SCMP_ACT_ALLOW", syscalls }), [
    "/linux/seccomp/syscalls/0/names: is empty; at least one is required",
    "/linux/seccomp/syscalls/1/args/0/index: 6 is not in the range 0 to 5",
  ]);
});

Deno.test("notify needs a listener, and can be neither the default nor for write", () => {
  const syscalls = [{ names: ["write"], action: "SCMP_ACT_NOTIFY" }];
  assertEquals(seccompProblems({ defaultAction: "SCMP_ACT_NOTIFY", syscalls }), [
    "/linux/seccomp/defaultAction: SCMP_ACT_NOTIFY cannot be used as default action",
    "/linux/seccomp/syscalls/0/action: seccomp listenerPath is not set",
    "/linux/seccomp/syscalls/0/action: SCMP_ACT_NOTIFY cannot be used for the write syscall",
  ]);
  const notify = {
    defaultAction: "SCMP_ACT_ALLOW",
    syscalls: [{ ...RULE, action: "SCMP_ACT_NOTIFY" }],
  };
  assertEquals(seccompProblems({ ...notify, listenerPath: "/s" }), []);
  assertEquals(seccompProblems(notify, { "run.oci.seccomp.receiver": "/s" }), []);
});

Deno.test("listener metadata is refused without a listener", () => {
  const seccomp = { defaultAction: "SCMP_ACT_ALLOW", listenerMetadata: "m" };
  assertEquals(seccompProblems(seccomp), [
    "/linux/seccomp/listenerMetadata: is given without listenerPath",
  ]);
});
