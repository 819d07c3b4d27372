import { assertEquals } from "@std/assert";
import { filesystemIn } from "runtime/host/filesystem.ts";

const MOUNTINFO = `22 1 8:1 / / rw shared:1 - ext4 /dev/sda1 rw
23 22 0:21 / /proc rw,nosuid shared:5 - proc proc rw
25 22 0:2 / /a\\040-\\040b rw master:1 propagate_from:2 - fuse.sshfs sshfs rw
`;

Deno.test("a file system is known by its device number", () => {
  assertEquals(filesystemIn(MOUNTINFO, { major: 8, minor: 1 }), "ext4");
  assertEquals(filesystemIn(MOUNTINFO, { major: 0, minor: 2 }), "fuse.sshfs");
  assertEquals(filesystemIn(MOUNTINFO, { major: 0, minor: 1 }), null);
  assertEquals(filesystemIn("", { major: 8, minor: 1 }), null);
});
