import type { Pid } from "syscalls/abi/brand.ts";
import {
  _LINUX_CAPABILITY_VERSION_3,
  capUserData,
  capUserHeader,
} from "syscalls/abi/capability.ts";
import { Arena } from "syscalls/libc/arena.ts";
import { rawCall } from "syscalls/libc/call.ts";

/** A user and a group, as this process sees them. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Does something as the owner of the files that a container's init makes: the root of its user namespace. In a file system of that
 * namespace nobody else makes any (EOVERFLOW), this program's root included.
 *
 * @param powers whether this program may go on doing what root may, or only what that owner may
 */
export function asOwner<T>({ uid, gid }: Owner, powers: "root's" | "owner's", action: () => T): T {
  rawCall("setfsgid", gid);
  rawCall("setfsuid", uid);
  if (powers === "root's") regainCapabilities();
  try {
    return action();
  } finally {
    rawCall("setfsuid", Deno.uid() ?? 0);
    rawCall("setfsgid", Deno.gid() ?? 0);
  }
}

/** Who a process is. The owner of its folder in /proc tells nothing: that is root where it may not be traced. */
export function ownerOf(process: Pid): Owner {
  const status = Deno.readTextFileSync(`/proc/${process}/status`);
  const effective = (name: string): number =>
    Number(new RegExp(`^${name}:\\t\\d+\\t(\\d+)`, "m").exec(status)?.[1]);
  return { uid: effective("Uid"), gid: effective("Gid") };
}

/** With another user for files, those capabilities are no longer effective that are about files (capabilities(7)). */
function regainCapabilities(): void {
  using arena = new Arena();
  const header = arena.bytes(capUserHeader.encode({ version: _LINUX_CAPABILITY_VERSION_3 }));
  const sets = arena.reserve(2 * capUserData.size);
  const data = arena.bytes(sets);
  if (rawCall("capget", header, data) < 0) return;
  for (const at of [0, capUserData.size]) {
    const permitted = at + capUserData.offsets.permitted;
    sets.copyWithin(at + capUserData.offsets.effective, permitted, permitted + 4);
  }
  rawCall("capset", header, data);
}
