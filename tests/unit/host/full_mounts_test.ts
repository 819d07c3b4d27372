import { assertEquals } from "@std/assert";
import { fullMountsIn } from "runtime/host/full_mounts.ts";

const MOUNTINFO = `22 1 0:20 / / rw shared:1 - ext4 /dev/sda rw
23 22 0:21 / /proc rw,nosuid shared:5 - proc proc rw
24 23 0:21 /sys /proc/sys ro - proc proc rw
25 22 0:22 / /sys rw - sysfs sysfs rw
26 22 0:23 / /srv/a\\040b/proc rw - proc none rw
27 22 0:24 / /b/rootfs/proc rw - proc none rw
28 22 0:24 / /b/rootfs2/proc rw - proc none rw
29 22 0:25 / /b/x - y/proc rw - tmpfs proc rw
`;

Deno.test("whole mounts of procfs and sysfs are found, but for those in the container's root", () => {
  assertEquals(fullMountsIn(MOUNTINFO, "/b/rootfs"), [
    "/proc",
    "/sys",
    "/srv/a b/proc",
    "/b/rootfs2/proc",
  ]);
  assertEquals(fullMountsIn(MOUNTINFO, "/"), []);
  assertEquals(fullMountsIn("", "/b"), []);
});
