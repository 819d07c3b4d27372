import { assertEquals } from "@std/assert";
import { RLIMIT } from "syscalls/abi/process.ts";
import { capabilityBit, capabilityNames } from "runtime/spec/words/capabilities.ts";
import { knownMountOptions, mountOption } from "runtime/spec/words/mount_options.ts";
import { NAMESPACE_TYPES, NAMESPACES } from "runtime/spec/words/namespaces.ts";
import { PROPAGATIONS } from "runtime/spec/words/propagation.ts";
import { RLIMITS } from "runtime/spec/words/rlimits.ts";
import { SECCOMP_ARCHS } from "runtime/spec/words/seccomp.ts";

/** What runc 1.5 prints as `mountOptions` in `runc features`. */
const RUNC_MOUNT_OPTIONS =
  ("async atime bind defaults dev diratime dirsync exec iversion lazytime loud mand noatime nodev nodiratime noexec " +
    "noiversion nolazytime nomand norelatime nostrictatime nosuid nosymfollow private ratime rbind rdev rdiratime " +
    "relatime remount rexec rnoatime rnodev rnodiratime rnoexec rnorelatime rnostrictatime rnosuid rnosymfollow ro " +
    "rprivate rrelatime rro rrw rshared rslave rstrictatime rsuid rsymfollow runbindable rw shared silent slave " +
    "strictatime suid symfollow sync tmpcopyup unbindable").split(" ");

Deno.test("knownMountOptions() is the list that runc's features prints, in its order", () => {
  assertEquals(knownMountOptions(), RUNC_MOUNT_OPTIONS);
});

Deno.test("mountOption() also knows id mapping and crun's options, and no word of JavaScript's own", () => {
  assertEquals(mountOption("ridmap"), { kind: "idmap", reach: "recursive" });
  assertEquals(mountOption("copy-symlink"), { kind: "copySymlink" });
  assertEquals(mountOption("src-nofollow"), { kind: "sourceNofollow" });
  assertEquals(mountOption("dest-nofollow"), { kind: "destinationNofollow" });
  for (const data of ["constructor", "toString", "__proto__", "size=5", ""]) {
    assertEquals(mountOption(data), undefined, data);
  }
});

Deno.test("every propagation is a mount option", () => {
  for (const word of PROPAGATIONS) assertEquals(mountOption(word), { kind: "propagation" });
});

Deno.test("the lists of words are sorted and complete", () => {
  assertEquals(Object.keys(NAMESPACES), [...NAMESPACE_TYPES]);
  assertEquals([...NAMESPACE_TYPES], [...NAMESPACE_TYPES].sort());
  assertEquals([...RLIMITS], Object.keys(RLIMIT).sort());
  assertEquals(SECCOMP_ARCHS.length, 23);
  assertEquals([...SECCOMP_ARCHS], [...SECCOMP_ARCHS].sort());
});

Deno.test("capability names and bits are each other's reverse", () => {
  assertEquals(capabilityBit("CAP_CHOWN"), 1n);
  assertEquals(capabilityBit("CAP_CHECKPOINT_RESTORE"), 1n << 40n);
  assertEquals(capabilityBit("CAP_FOO"), null);
  assertEquals(capabilityNames((1n << 40n) | 1n), ["CAP_CHOWN", "CAP_CHECKPOINT_RESTORE"]);
});
