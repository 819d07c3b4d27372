import { assert, assertEquals, assertThrows } from "@std/assert";
import { StateError } from "runtime/base/errors.ts";
import { type ContainerRecord, encodeRecord, parseRecord } from "runtime/state/record.ts";

const RECORD: ContainerRecord = {
  version: 1,
  id: "c1",
  ociVersion: "1.3.0",
  bundle: "/b\udc80",
  rootfs: "/b/rootfs",
  created: "2026-01-02T03:04:05.678901234Z",
  annotations: { k: "v" },
  pid: 4422,
  startTime: "18446744073709551615",
  cgroups: ["/sys/fs/cgroup/c1"],
  cgroupCreated: [],
  freezer: "",
  systemd: null,
  sharedMount: "",
  creating: false,
  hooks: [],
  keyring: "_ses.c1",
};

Deno.test("a record survives being written and read, bytes that are no UTF-8 too", () => {
  assertEquals(parseRecord(encodeRecord(RECORD), "state.json"), RECORD);
});

Deno.test("a record says whose unit a container is", () => {
  const record = { ...RECORD, systemd: { unit: "runc-c1.scope", manager: "user" as const } };
  assertEquals(parseRecord(encodeRecord(record), "state.json"), record);
});

Deno.test("parseRecord() leaves out fields of a later version", () => {
  const text = JSON.stringify({ ...RECORD, later: true });
  assertEquals(parseRecord(text, "state.json"), RECORD);
});

Deno.test("parseRecord() tells what is damaged, and never throws anything else", () => {
  const cases: readonly (readonly [text: string, reason: string])[] = [
    ["", "the file is empty"],
    ["{", "it is not JSON"],
    ["null", "it is not a JSON object"],
    ["[]", "it is not a JSON object"],
    [JSON.stringify({ ...RECORD, version: 2 }), "it is of version 2"],
    [JSON.stringify({ ...RECORD, id: 7 }), '"id" is not a string'],
    [JSON.stringify({ ...RECORD, pid: -1 }), '"pid" is not a process id'],
    [JSON.stringify({ ...RECORD, pid: "1" }), '"pid" is not a process id'],
    [JSON.stringify({ ...RECORD, pid: 2 ** 31 }), '"pid" is not a process id'],
    [JSON.stringify({ ...RECORD, annotations: { k: 1 } }), '"annotations" is not a map of strings'],
    [JSON.stringify({ ...RECORD, creating: 0 }), '"creating" is not true or false'],
    [JSON.stringify({ ...RECORD, hooks: "poststop" }), '"hooks" is not a list of strings'],
    [JSON.stringify({ ...RECORD, systemd: { unit: "a.scope" } }), '"systemd" is not a unit'],
    [JSON.stringify({ ...RECORD, systemd: "a.scope" }), '"systemd" is not a unit'],
    [JSON.stringify({ ...RECORD, cgroups: [1] }), '"cgroups" is not a list of strings'],
  ];
  for (const [text, reason] of cases) {
    const error = assertThrows(() => parseRecord(text, "/run/c1/state.json"), StateError);
    assert(error.message.startsWith(`Cannot use /run/c1/state.json: ${reason}`), error.message);
  }
});

Deno.test("parseRecord() survives every truncation of a record", () => {
  const text = encodeRecord(RECORD);
  for (let end = 0; end < text.length; end++) {
    assertThrows(() => parseRecord(text.slice(0, end), "state.json"), StateError);
  }
});
