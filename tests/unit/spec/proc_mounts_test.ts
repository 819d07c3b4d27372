import { assertEquals } from "@std/assert";
import { procMountFault } from "runtime/spec/checks/proc_mounts.ts";

const TMPFS = { type: "tmpfs", isBind: false };
const BIND = { type: "none", isBind: true };

Deno.test("/proc takes procfs and binds, whose source the kernel is asked about", () => {
  assertEquals(procMountFault("/proc", { type: "proc", isBind: false }), null);
  assertEquals(procMountFault("/proc", BIND), null);
  assertEquals(
    procMountFault("/proc", TMPFS),
    '"/proc" cannot be mounted because it is not of type proc',
  );
});

Deno.test("inside /proc only files that tools replace may be mounted on", () => {
  assertEquals(procMountFault("/proc/uptime", BIND), null);
  assertEquals(procMountFault("/proc/sys/kernel/ns_last_pid", BIND), null);
  for (const path of ["/proc/sys", "/proc/self/attr", "/proc/uptime/x"]) {
    assertEquals(
      procMountFault(path, BIND),
      `"${path}" cannot be mounted because it is inside /proc`,
    );
  }
});

Deno.test("what only begins like /proc is nothing special", () => {
  assertEquals([procMountFault("/process", TMPFS), procMountFault("/a/proc", TMPFS)], [null, null]);
});
