import type { Pid } from "syscalls/abi/brand.ts";
import { FSCONFIG } from "syscalls/abi/mount.ts";
import { Arena } from "syscalls/libc/arena.ts";
import { call } from "syscalls/libc/call.ts";
import { fileStat } from "syscalls/libc/files.ts";
import type { Sent } from "runtime/launch/converse.ts";

/**
 * Tells a tmpfs that is being made the mode of the directory that it will cover, as an option: changed later, the mode would not be
 * among those that /proc/mounts shows.
 */
export function inheritMode(_init: Pid, _step: number, [filesystem, directory]: Sent): void {
  if (filesystem === undefined || directory === undefined) {
    throw new RangeError("Cannot set mode of a tmpfs: it was not sent");
  }
  const mode = (fileStat(directory.fd).mode & 0o7777).toString(8);
  using arena = new Arena();
  const attempt = { verb: "set", object: `mode=${mode} of a tmpfs` };
  const [key, value] = [arena.cString("mode"), arena.cString(mode)];
  call(attempt, "fsconfig", filesystem.fd, FSCONFIG.FSCONFIG_SET_STRING, key, value, 0);
}
