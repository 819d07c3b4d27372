import { assert, assertEquals } from "@std/assert";
import { ERRNO } from "syscalls/abi/errno.ts";
import { SECCOMP, SECCOMP_RET, sockFprog } from "syscalls/abi/seccomp.ts";
import { ClassicBuilder, type Target } from "syscalls/bpf/classic.ts";
import { link } from "syscalls/native/link.ts";
import { DUTY, TAG } from "runtime/plan/protocol.ts";
import type { SeccompFilter } from "runtime/plan/step.ts";
import { compileImage } from "runtime/compile/init/program.ts";
import { callsBehind, refusedCalls } from "runtime/compile/seccomp/calls_behind.ts";
import { descriptorsFor, execPlanWith, planWith } from "tests/support/plan_fixtures.ts";
import { programOf, runWhereAllWorks } from "tests/support/working_kernel.ts";
import type { Draft } from "tests/support/spec_fixtures.ts";

function filterOf(notifies: boolean): SeccompFilter {
  const program = Uint8Array.from({ length: 24 }, (_, i) => i);
  return {
    origin: "/linux/seccomp",
    program,
    instructions: 3,
    flags: 12n,
    flagsText: "FLAGS",
    notifies,
  };
}

const privileges = (noNewPrivileges: boolean) => (config: Draft): void => {
  config.process.noNewPrivileges = noNewPrivileges;
};

const PLANS = [true, false].flatMap((nnp) =>
  [true, false].flatMap((notifies) =>
    [planWith, execPlanWith].map((plan) =>
      plan({ change: privileges(nnp), filter: filterOf(notifies) })
    )
  )
);

Deno.test("behind the filter a program calls what is known of it, and nothing else", () => {
  for (const plan of PLANS) {
    const { trace } = runWhereAllWorks(plan);
    const at = trace.findIndex(({ call }) => call === "seccomp");
    // The process that has made the child goes on when that has ended.
    const own = trace.filter(({ pid }, index) => index > at && pid === trace[at]?.pid);
    // Reports are no calls of the interpreter's.
    const calls = new Set([...own.map(({ call }) => call), "write"]);
    assertEquals([...calls].sort(), [...callsBehind(plan.steps)].sort());
  }
  assertEquals(callsBehind(planWith().steps), []);
});

Deno.test("the listener is told before anything else, and its descriptor closed", () => {
  const plan = planWith({ filter: filterOf(true) });
  const { trace, reports } = runWhereAllWorks(plan);
  assertEquals(reports.slice(-2).map(({ tag }) => tag), [TAG.listener, TAG.ready]);
  const installed = trace.find(({ call }) => call === "seccomp");
  assertEquals(reports.at(-2)?.value, installed?.result);
  assert(trace.some(({ call, args }) => call === "close" && args[0] === installed?.result));
});

Deno.test("where it may not be taken a thread gives the listener, and the filter sees no other calls", () => {
  const options = { filter: filterOf(true), facts: { capabilityBounds: 0n } };
  for (const plan of [planWith(options), execPlanWith(options)]) {
    const { trace, reports } = runWhereAllWorks(plan);
    const at = trace.findIndex(({ call }) => call === "seccomp");
    const own = trace.filter(({ pid }, index) => index > at && pid === trace[at]?.pid);
    const calls = new Set([...own.map(({ call }) => call), "write"]);
    assertEquals([...calls].sort(), [...callsBehind(plan.steps)].sort());
    const { step } = trace[at] ?? { step: -1 };
    const said = reports.filter((report) => report.step === step);
    assertEquals(said.map(({ tag, value }) => [tag, value]), [[TAG.ask, BigInt(DUTY.listener)]]);
  }
});

Deno.test("the filter is in the program's data as seccomp(2) wants it", () => {
  const filter = filterOf(false);
  const program = programOf(planWith({ filter }));
  const expected = sockFprog.encode({ len: filter.instructions });
  const head = program.data.find(({ bytes, pointers }) =>
    pointers.length === 1 && String(bytes) === String(expected)
  );
  assertEquals(head?.pointers[0]?.offset, sockFprog.offsets.filter);
  assertEquals(program.data[head?.pointers[0]?.to ?? -1]?.bytes, filter.program);
  const call = program.instructions.find((it) => it.kind === "call" && it.call === "seccomp");
  assert(call?.kind === "call");
  const numbers = call.args.slice(0, 2).map((arg) => arg.kind === "immediate" && BigInt(arg.value));
  assertEquals(numbers, [BigInt(SECCOMP.SECCOMP_SET_MODE_FILTER), 12n]);
});

Deno.test("a program with a filter is the same whichever way it is compiled", () => {
  for (const plan of PLANS) {
    const image = compileImage(plan, "x86_64", descriptorsFor(plan));
    assertEquals(image, link(programOf(plan), "x86_64"));
  }
});

/** A filter that answers alike to everything, or by what its third argument is. */
function answering(answer: number, thirdArgument: number | null = null): Uint8Array {
  const builder = new ClassicBuilder();
  const allow = { answer: SECCOMP_RET.SECCOMP_RET_ALLOW };
  let start: Target = { answer };
  if (thirdArgument !== null) {
    start = builder.load(32, builder.when("jumpIfEqual", thirdArgument, { answer }, allow));
  }
  return builder.finish(start);
}

Deno.test("calls that a filter refuses are told with what it does; those that an agent answers are not", () => {
  const told = (answer: number, third: number | null = null): string | undefined =>
    refusedCalls(answering(answer, third), "x86_64", ["read"])[0]?.answer;
  assertEquals(told(SECCOMP_RET.SECCOMP_RET_ERRNO + ERRNO.EPERM), "ERRNO EPERM");
  assertEquals(told(SECCOMP_RET.SECCOMP_RET_KILL_PROCESS), "KILL_PROCESS");
  assertEquals(told(SECCOMP_RET.SECCOMP_RET_KILL_THREAD), "KILL_THREAD");
  assertEquals(told(SECCOMP_RET.SECCOMP_RET_TRAP), "TRAP");
  assertEquals(told(SECCOMP_RET.SECCOMP_RET_TRACE + 5), "TRACE");
  for (const passing of ["ALLOW", "LOG", "USER_NOTIF"] as const) {
    assertEquals(told(SECCOMP_RET[`SECCOMP_RET_${passing}`]), undefined);
  }
  assertEquals(told(SECCOMP_RET.SECCOMP_RET_KILL_PROCESS, 16), undefined);
});
