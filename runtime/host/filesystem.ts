import type { DeviceNumber } from "syscalls/libc/files.ts";

/** The type of the file system on a device in the text of /proc/PID/mountinfo (proc(5)); null when it is mounted nowhere there. */
export function filesystemIn(mountinfo: string, { major, minor }: DeviceNumber): string | null {
  for (const line of mountinfo.split("\n")) {
    const [mount = "", filesystem = ""] = line.split(" - ");
    if (mount.split(" ")[2] === `${major}:${minor}`) return filesystem.split(" ")[0] ?? null;
  }
  return null;
}
