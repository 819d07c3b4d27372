import { assertEquals, assertThrows } from "@std/assert";
import { HostError } from "runtime/base/errors.ts";
import { parseRelease, parseStatus, probeHost } from "runtime/host/probe.ts";

Deno.test("parseRelease() takes the numbers of every distribution's release", () => {
  assertEquals(parseRelease("6.1.0-28-amd64"), [6, 1]);
  assertEquals(parseRelease("5.10-rc1+"), [5, 10]);
  assertThrows(() => parseRelease("unknown"), HostError, '"unknown"');
});

Deno.test("parseStatus() takes the effective ids and the bounding set", () => {
  const status =
    "Name:\tx\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nCapEff:\t0000000000000000\nCapBnd:\t000001ffffffffff\n";
  assertEquals(parseStatus(status), { euid: 2, egid: 6, capabilityBounds: 0x1ffffffffffn });
  assertThrows(() => parseStatus("Name:\tx\n"), HostError, "no Uid");
});

Deno.test("probeHost() describes the machine that the test runs on", () => {
  const facts = probeHost();
  assertEquals(facts.arch, Deno.build.arch);
  assertEquals(facts.euid, Deno.uid());
  assertEquals(Deno.osRelease().startsWith(facts.kernel.join(".")), true);
  assertEquals(facts.nofile.soft <= facts.nofile.hard, true);
});
