import type { ContainerRecord } from "runtime/state/record.ts";

/** The record of a container that is being made; tests put in what they are about. */
export const RECORD: ContainerRecord = {
  version: 1,
  id: "c1",
  ociVersion: "1.3.0",
  bundle: "/b",
  rootfs: "/b/rootfs",
  created: "2026-01-02T03:04:05.678901234Z",
  annotations: {},
  pid: 0,
  startTime: "",
  cgroups: [],
  cgroupCreated: [],
  freezer: "",
  systemd: null,
  resctrl: null,
  sharedMount: "",
  creating: false,
  hooks: [],
  keyring: "_ses.c1",
  streams: [],
};
