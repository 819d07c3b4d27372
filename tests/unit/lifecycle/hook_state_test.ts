import { assertEquals } from "@std/assert";
import { hookState } from "runtime/lifecycle/hook_state.ts";
import type { ContainerRecord } from "runtime/state/record.ts";

const RECORD: ContainerRecord = {
  version: 1,
  id: "c1",
  ociVersion: "1.3.0",
  bundle: "/b",
  rootfs: "/b/rootfs",
  created: "2026-01-02T03:04:05.678901234Z",
  annotations: {},
  pid: 4422,
  startTime: "1",
  cgroups: [],
  cgroupCreated: [],
  freezer: "",
  systemd: null,
  sharedMount: "",
  creating: true,
  hooks: [],
  keyring: "",
};

Deno.test("the state of a hook has runc's keys in runc's order", () => {
  assertEquals(
    hookState({ ...RECORD, annotations: { a: "\u00e9\n" } }, { status: "creating", pid: 1 }),
    '{"ociVersion":"1.3.0","id":"c1","status":"creating","pid":1,"bundle":"/b",' +
      '"annotations":{"a":"\u00e9\\n"}}',
  );
});

Deno.test("a stopped container has no pid, and what has no annotations does not say so", () => {
  assertEquals(
    hookState(RECORD, { status: "stopped", pid: 0 }),
    '{"ociVersion":"1.3.0","id":"c1","status":"stopped","bundle":"/b"}',
  );
});
