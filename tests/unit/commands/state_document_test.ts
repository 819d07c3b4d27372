import { assertEquals } from "@std/assert";
import { stateDocument } from "runtime/commands/state_document.ts";

const STATE = {
  ownerUid: 0,
  exit: null,
  annotations: {},
  created: "2026-01-02T03:04:05.678901234Z",
  rootfs: "/b/rootfs",
  bundle: "/b",
  status: "running",
  pid: 4422,
  id: "c1",
  ociVersion: "1.3.0",
} as const;

Deno.test("stateDocument() has its keys in runc's order, whatever the record's", () =>
  assertEquals(
    Object.keys(stateDocument({ ...STATE, annotations: { k: "v" } }, "root")),
    [
      "ociVersion",
      "id",
      "pid",
      "status",
      "bundle",
      "rootfs",
      "created",
      "annotations",
      "owner",
    ],
  ));

Deno.test("stateDocument() leaves annotations out when there are none, and keeps an empty owner", () =>
  assertEquals(
    JSON.stringify(stateDocument(STATE, "")),
    '{"ociVersion":"1.3.0","id":"c1","pid":4422,"status":"running","bundle":"/b","rootfs":"/b/rootfs",' +
      '"created":"2026-01-02T03:04:05.678901234Z","owner":""}',
  ));
