import { assertEquals, assertMatch } from "@std/assert";
import { recordPaths } from "runtime/base/paths.ts";
import type { ContainerRecord } from "runtime/state/record.ts";
import {
  isAlive,
  parseStat,
  type ProcessStat,
  readProcess,
  saysFrozen,
  statusOf,
  type StatusProbes,
} from "runtime/state/status.ts";

const PATHS = recordPaths("/run/ocirt", "c1");

const RECORD: ContainerRecord = {
  version: 1,
  id: "c1",
  ociVersion: "1.3.0",
  bundle: "/b",
  rootfs: "/b/rootfs",
  created: "2026-01-02T03:04:05.678901234Z",
  annotations: {},
  pid: 42,
  startTime: "1000",
  cgroups: [],
  cgroupCreated: [],
  freezer: "",
  systemd: null,
  sharedMount: "",
  creating: false,
  hooks: [],
  keyring: "_ses.c1",
};

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
  assertEquals(statusOf(RECORD, PATHS, probes({})), "created");
  assertEquals(statusOf(RECORD, PATHS, probes({ exists: () => false })), "running");
});

Deno.test("a container is creating while its hooks run, unless its init is gone", () => {
  const record = { ...RECORD, creating: true };
  assertEquals(statusOf(record, PATHS, probes({})), "creating");
  assertEquals(statusOf(record, PATHS, probes({ process: () => null })), "stopped");
});

Deno.test("a container is stopped when its init is gone, dead, or another process with the same pid", () => {
  assertEquals(statusOf(RECORD, PATHS, probes({ process: () => null })), "stopped");
  for (const state of ["Z", "X"]) {
    const process = (): ProcessStat => ({ startTime: "1000", state, exitCode: 0 });
    assertEquals(statusOf(RECORD, PATHS, probes({ process })), "stopped");
  }
  const reused = probes({ process: () => ({ startTime: "1001", state: "S", exitCode: 0 }) });
  assertEquals(statusOf(RECORD, PATHS, reused), "stopped");
});

Deno.test("a container without a pid is stopped, and no process is looked for", () => {
  const process = (): never => {
    throw new Error("looked");
  };
  assertEquals(
    statusOf({ ...RECORD, pid: 0, startTime: "" }, PATHS, probes({ process })),
    "stopped",
  );
});

Deno.test("a frozen container is paused, unless its init is gone", () => {
  assertEquals(statusOf(RECORD, PATHS, probes({ frozen: () => true })), "paused");
  const gone = probes({ frozen: () => true, process: () => null });
  assertEquals(statusOf(RECORD, PATHS, gone), "stopped");
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
