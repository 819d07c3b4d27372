import { assert, assertEquals } from "@std/assert";
import { ERRNO } from "syscalls/abi/errno.ts";
import { link } from "syscalls/native/link.ts";
import { listProgram } from "syscalls/native/listing.ts";
import { TAG_FAILED } from "syscalls/native/report.ts";
import { compileImage, compileInit } from "runtime/compile/init/program.ts";
import { DUTY, TAG } from "runtime/plan/protocol.ts";
import { assertGolden } from "tests/support/golden.ts";
import {
  descriptorsFor,
  type ExecPlanOptions,
  execPlanWith,
  LEGACY,
  withUserNamespace,
} from "tests/support/plan_fixtures.ts";
import { withoutTerminal } from "tests/support/spec_fixtures.ts";
import { programOf, runWhereAllWorks } from "tests/support/working_kernel.ts";

const CASES: Readonly<Record<string, ExecPlanOptions>> = {
  "with a terminal": {},
  "version 1, no terminal": { change: withoutTerminal, cgroups: LEGACY },
  "user namespace": { change: withUserNamespace, preservedFds: 2 },
  "without namespaces": { change: withoutTerminal, joined: [] },
};

for (const [name, options] of Object.entries(CASES)) {
  Deno.test(`the exec program is as it was: ${name}`, () => {
    const listing = listProgram(programOf(execPlanWith(options)));
    assertGolden(`exec/${name.replaceAll(/\W+/g, "_")}.txt`, listing);
  });

  Deno.test(`writing the exec program at once gives what linking it gives: ${name}`, () => {
    const plan = execPlanWith(options);
    for (const arch of ["x86_64", "aarch64"] as const) {
      const descriptors = descriptorsFor(plan);
      const linked = link(compileInit(plan, arch, descriptors), arch);
      assertEquals(compileImage(plan, arch, descriptors), linked);
    }
  });

  Deno.test(`a call of exec that fails is reported, and nothing is done after it: ${name}`, () => {
    const plan = execPlanWith(options);
    const { length } = runWhereAllWorks(plan).trace;
    let reported = 0;
    for (let failing = 0; failing < length; failing++) {
      const { trace, reports } = runWhereAllWorks(plan, failing);
      const report = reports.find(({ tag }) => tag === TAG_FAILED);
      if (report === undefined) continue;
      reported++;
      if (report.value === BigInt(ERRNO.EIO)) assertEquals(report.step, trace[failing]?.step);
      assertEquals(trace.at(-1)?.step, report.step);
    }
    assert(reported > length * 0.9, `${reported} of ${length} failures were reported`);
  });
}

Deno.test("when everything works exec asks, is ready, and becomes the user's program", () => {
  const plan = execPlanWith();
  const { end, reports, trace } = runWhereAllWorks(plan);
  // What is told and done last is the child's; the process that made it names it and ends.
  assertEquals(end, { kind: "exited", code: 0 });
  assertEquals(reports.map(({ tag, value }) => [tag, value]), [
    [TAG.ask, BigInt(DUTY.place)],
    [TAG.ask, BigInt(DUTY.terminal)],
    [TAG.ready, 0n],
    [TAG.initPid, 0n],
  ]);
  // The socket is what tells of execve: it is kept beside the process's own descriptors, and closes itself.
  const last = trace.slice(-3).map(({ call, args }) => [call, ...args.slice(0, 2).map(Number)]);
  assertEquals(last.slice(0, 2), [["close_range", 3, 19], ["close_range", 21, 0xffff_ffff]]);
  assertEquals(last[2]?.[0], "execve");
});
