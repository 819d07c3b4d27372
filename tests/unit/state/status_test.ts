import { assertEquals, assertMatch } from "@std/assert";
import { recordPaths } from "runtime/base/paths.ts";
import {
  isAlive,
  parseStat,
  type ProcessStat,
  readProcess,
  saysFrozen,
  statusOf,
  type StatusProbes,
} from "runtime/state/status.ts";
import { RECORD } from "tests/support/record.ts";

const PATHS = recordPaths("/run/ocirt", "c1");

const RUNNING = { ...RECORD, pid: 42, startTime: "1000" };

function probes(changes: Partial<StatusProbes>): StatusProbes {
  return {
    process: () => ({ startTime: "1000", state: "S", exitCode: 0 }),
    exists: (path) => path === "/run/ocirt/c1/exec.fifo",
    frozen: () => false,
    ...changes,
  };
}

Deno.test("parseStat() counts fields from the last bracket, whatever the name is", () => {
  const rest = Array.from({ length: 49 }, (_, i) => String(i + 4)).join(" ");
  assertEquals(parseStat(`42 (a) R (b ) Z) S ${rest}\n`), {
    state: "S",
    startTime: "22",
    exitCode: 52,
  });
  assertEquals(parseStat(""), null);
});

Deno.test("readProcess() finds this process, and no process behind a pid that cannot be", () => {
  assertMatch(readProcess(Deno.pid)?.startTime ?? "", /^[0-9]+$/);
  assertEquals(readProcess(2 ** 22 + 1), null);
});

Deno.test("a container with a waiting init is created until its gate is gone, then running", () => {
  assertEquals(statusOf(RUNNING, PATHS, probes({})), "created");
  assertEquals(statusOf(RUNNING, PATHS, probes({ exists: () => false })), "running");
});

Deno.test("a container is creating while its hooks run, unless its init is gone", () => {
  const record = { ...RUNNING, creating: true };
  assertEquals(statusOf(record, PATHS, probes({})), "creating");
  assertEquals(statusOf(record, PATHS, probes({ process: () => null })), "stopped");
});

Deno.test("a container is stopped when its init is gone, dead, or another process with the same pid", () => {
  assertEquals(statusOf(RUNNING, PATHS, probes({ process: () => null })), "stopped");
  for (const state of ["Z", "X"]) {
    const process = (): ProcessStat => ({ startTime: "1000", state, exitCode: 0 });
    assertEquals(statusOf(RUNNING, PATHS, probes({ process })), "stopped");
  }
  const reused = probes({ process: () => ({ startTime: "1001", state: "S", exitCode: 0 }) });
  assertEquals(statusOf(RUNNING, PATHS, reused), "stopped");
});

Deno.test("a container without a pid is stopped, and no process is looked for", () => {
  const process = (): never => {
    throw new Error("looked");
  };
  assertEquals(
    statusOf({ ...RUNNING, pid: 0, startTime: "" }, PATHS, probes({ process })),
    "stopped",
  );
});

Deno.test("a frozen container is paused, unless its init is gone", () => {
  assertEquals(statusOf(RUNNING, PATHS, probes({ frozen: () => true })), "paused");
  const gone = probes({ frozen: () => true, process: () => null });
  assertEquals(statusOf(RUNNING, PATHS, gone), "stopped");
});

Deno.test("saysFrozen() reads the files of both versions", () => {
  for (const text of ["FROZEN\n", "populated 1\nfrozen 1\n"]) assertEquals(saysFrozen(text), true);
  for (const text of ["THAWED\n", "FREEZING\n", "populated 1\nfrozen 0\n", "frozen 10\n", ""]) {
    assertEquals(saysFrozen(text), false);
  }
});

Deno.test("isAlive() believes a pid only together with its start time", () => {
  const startTime = readProcess(Deno.pid)?.startTime ?? "";
  assertEquals(isAlive({ pid: Deno.pid, startTime }), true);
  assertEquals(isAlive({ pid: Deno.pid, startTime: `${startTime}1` }), false);
});
