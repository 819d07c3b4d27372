import { assert, assertEquals, assertThrows } from "@std/assert";
import { StateError } from "runtime/base/errors.ts";
import { type ContainerRecord, encodeRecord, parseRecord } from "runtime/state/record.ts";
import { RECORD } from "tests/support/record.ts";

const FULL: ContainerRecord = {
  ...RECORD,
  bundle: "/b\udc80",
  annotations: { k: "v" },
  pid: 4422,
  startTime: "18446744073709551615",
  cgroups: ["/sys/fs/cgroup/c1"],
};

Deno.test("a record survives being written and read, bytes that are no UTF-8 too", () => {
  assertEquals(parseRecord(encodeRecord(FULL), "state.json"), FULL);
});

Deno.test("a record says whose unit a container is", () => {
  const record = { ...RECORD, systemd: { unit: "runc-c1.scope", manager: "user" as const } };
  assertEquals(parseRecord(encodeRecord(record), "state.json"), record);
});

Deno.test("a record says which class of cache is the container's", () => {
  const resctrl = { directory: "/r/c1", monitoring: "", created: ["/r/c1"] };
  const record = { ...RECORD, resctrl };
  assertEquals(parseRecord(encodeRecord(record), "state.json"), record);
});

Deno.test("parseRecord() leaves out fields of a later version", () => {
  const text = JSON.stringify({ ...FULL, later: true });
  assertEquals(parseRecord(text, "state.json"), FULL);
});

/** As the first builds wrote it. */
const FIRST = '{"version":1,"id":"c1","ociVersion":"1.3.0","bundle":"/b","rootfs":"/b/rootfs",' +
  '"created":"2026-01-02T03:04:05.678901234Z","annotations":{},"pid":4422,"startTime":"77",' +
  '"cgroups":["/sys/fs/cgroup/c1"],"cgroupCreated":["/sys/fs/cgroup/c1"]}';

Deno.test("a record of an older build says that there is none of what that build did not know", () => {
  const cgroups = ["/sys/fs/cgroup/c1"];
  assertEquals(parseRecord(FIRST, "state.json"), {
    ...RECORD,
    pid: 4422,
    startTime: "77",
    cgroups,
    cgroupCreated: cgroups,
    keyring: "",
  });
});

Deno.test("what every build has written must be in a record", () => {
  const first = Object.keys(JSON.parse(FIRST));
  for (const field of first) {
    const { [field]: _, ...others } = JSON.parse(encodeRecord(FULL));
    const error = assertThrows(() => parseRecord(JSON.stringify(others), "f"), StateError);
    const reason = field === "version" ? "it has no version" : `"${field}" is not `;
    assert(error.message.startsWith(`Cannot use f: ${reason}`), error.message);
  }
});

Deno.test("parseRecord() tells what is damaged, and never throws anything else", () => {
  const cases: readonly (readonly [text: string, reason: string])[] = [
    ["", "the file is empty"],
    ["{", "it is not JSON"],
    ["null", "it is not a JSON object"],
    ["[]", "it is not a JSON object"],
    ["{}", "it has no version"],
    [JSON.stringify({ ...FULL, version: 2 }), "it is of version 2"],
    [JSON.stringify({ ...FULL, id: 7 }), '"id" is not a string'],
    [JSON.stringify({ ...FULL, pid: -1 }), '"pid" is not a process id'],
    [JSON.stringify({ ...FULL, pid: "1" }), '"pid" is not a process id'],
    [JSON.stringify({ ...FULL, pid: 2 ** 31 }), '"pid" is not a process id'],
    [JSON.stringify({ ...FULL, annotations: { k: 1 } }), '"annotations" is not a map of strings'],
    [JSON.stringify({ ...FULL, creating: 0 }), '"creating" is not true or false'],
    [JSON.stringify({ ...FULL, hooks: "poststop" }), '"hooks" is not a list of strings'],
    [JSON.stringify({ ...FULL, resctrl: {} }), '"resctrl" is not a class'],
    [JSON.stringify({ ...FULL, cgroups: [1] }), '"cgroups" is not a list of strings'],
    [JSON.stringify({ ...FULL, sharedMount: "../.." }), '"sharedMount" is not an absolute path'],
    [JSON.stringify({ ...FULL, sharedMount: "/a/.." }), '"sharedMount" is not an absolute path'],
    [JSON.stringify({ ...FULL, freezer: "x" }), '"freezer" is not an absolute path'],
    [JSON.stringify({ ...FULL, bundle: "" }), '"bundle" is not an absolute path'],
    [JSON.stringify({ ...FULL, rootfs: "a\0" }), '"rootfs" is not an absolute path'],
    [JSON.stringify({ ...FULL, cgroups: [""] }), '"cgroups" is not a list of absolute paths'],
    [
      JSON.stringify({ ...FULL, cgroupCreated: ["/sys/fs/cgroup/.."] }),
      '"cgroupCreated" is not a list of absolute paths',
    ],
  ];
  for (const [text, reason] of cases) {
    const error = assertThrows(() => parseRecord(text, "/run/c1/state.json"), StateError);
    assert(error.message.startsWith(`Cannot use /run/c1/state.json: ${reason}`), error.message);
  }
});

Deno.test("parseRecord() survives every truncation of a record", () => {
  const text = encodeRecord(FULL);
  for (let end = 0; end < text.length; end++) {
    assertThrows(() => parseRecord(text.slice(0, end), "state.json"), StateError);
  }
});
