import type { Pid } from "syscalls/abi/brand.ts";
import { FSCONFIG } from "syscalls/abi/mount.ts";
import { openFlags } from "syscalls/abi/open.ts";
import { Arena } from "syscalls/libc/arena.ts";
import { call } from "syscalls/libc/call.ts";
import { fileStat, openFile } from "syscalls/libc/files.ts";
import { hostArch } from "syscalls/libc/library.ts";
import { openPidfd, takeDescriptor } from "syscalls/libc/process.ts";
import { INHERIT_MODE } from "runtime/plan/protocol.ts";

/**
 * Tells a tmpfs that is being made the mode of the directory that it will cover, as an option: changed later, the mode would not be
 * among those that /proc/mounts shows.
 */
export function inheritMode(init: Pid): void {
  const flags = openFlags(hostArch()).of("O_PATH", "O_DIRECTORY");
  using directory = openFile(`/proc/${init}/fd/${INHERIT_MODE.directory}`, flags);
  const mode = (fileStat(directory.fd).mode & 0o7777).toString(8);
  using process = openPidfd(init);
  using filesystem = takeDescriptor(process.fd, INHERIT_MODE.filesystem);
  using arena = new Arena();
  const attempt = { verb: "set", object: `mode=${mode} of a tmpfs` };
  const [key, value] = [arena.cString("mode"), arena.cString(mode)];
  call(attempt, "fsconfig", filesystem.fd, FSCONFIG.FSCONFIG_SET_STRING, key, value, 0);
}
