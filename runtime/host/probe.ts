import { HostError } from "runtime/base/errors.ts";
import type { HostFacts, IdRange } from "runtime/base/facts.ts";
import { ioCode, ioReason } from "runtime/base/io_failure.ts";
import { processInfo } from "./process_info.ts";

/** The number of the first user namespace, the same on every Linux (PROC_USER_INIT_INO of linux/proc_ns.h). */
const FIRST_USER_NAMESPACE = "user:[4026531837]";

/**
 * What a plan has to know of this host.
 * @throws {HostError} when /proc does not tell
 */
export function probeHost(): HostFacts {
  const status = parseStatus(readStatus());
  const isInside = inUserNamespace();
  return {
    arch: Deno.build.arch,
    kernel: parseRelease(Deno.osRelease()),
    euid: status.euid,
    egid: status.egid,
    inUserNamespace: isInside,
    ids: isInside ? { uids: readIdMap("uid", "self"), gids: readIdMap("gid", "self") } : null,
    setgroupsDenied: isInside && setgroupsDenied(),
    capabilityBounds: status.capabilityBounds,
    // Where nobody noted it at the start, any of them may be.
    ignoredSignals: processInfo().ignoredSignals ?? EVERY_SIGNAL,
    nofile: processInfo().nofile,
  };
}

const EVERY_SIGNAL = (1n << 64n) - 1n;

/** Reads a kernel release: `[6, 1]` of `6.1.0-28-amd64`. */
export function parseRelease(release: string): readonly [number, number] {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(release) ?? [];
  if (major === undefined || minor === undefined) {
    throw new HostError(`Cannot read kernel release: "${release}" does not begin with numbers`);
  }
  return [Number(major), Number(minor)];
}

/** Reads what /proc/PID/status says of a process's rights. */
export function parseStatus(
  status: string,
): { euid: number; egid: number; capabilityBounds: bigint } {
  const [, euid] = /^Uid:\t\d+\t(\d+)/m.exec(status) ?? [];
  const [, egid] = /^Gid:\t\d+\t(\d+)/m.exec(status) ?? [];
  const [, bounds] = /^CapBnd:\t([0-9a-f]+)$/m.exec(status) ?? [];
  if (euid === undefined || egid === undefined || bounds === undefined) {
    throw new HostError("Cannot read /proc/self/status: it has no Uid, Gid or CapBnd");
  }
  return {
    euid: Number(euid),
    egid: Number(egid),
    capabilityBounds: BigInt(`0x${bounds}`),
  };
}

function readStatus(): string {
  try {
    return Deno.readTextFileSync("/proc/self/status");
  } catch (cause) {
    throw new HostError(
      `Cannot read /proc/self/status: ${ioReason(cause)}; hint: is /proc mounted?`,
      { cause },
    );
  }
}

function inUserNamespace(): boolean {
  try {
    return Deno.readLinkSync("/proc/self/ns/user") !== FIRST_USER_NAMESPACE;
  } catch (cause) {
    // A kernel that was built without user namespaces.
    if (ioCode(cause) === "ENOENT") return false;
    throw new HostError(`Cannot read /proc/self/ns/user: ${ioReason(cause)}`, { cause });
  }
}

function setgroupsDenied(): boolean {
  return readProc("self", "setgroups").trim() === "deny";
}

/** The map of the user namespace that a process is in, as this process's own counts ids. */
export function readIdMap(kind: "uid" | "gid", process: number | string): IdRange[] {
  return readProc(process, `${kind}_map`).split("\n").filter((line) => line !== "").map((line) => {
    const [containerID = 0, hostID = 0, size = 0] = line.trim().split(/ +/).map(Number);
    return { containerID, hostID, size };
  });
}

function readProc(process: number | string, file: string): string {
  const path = `/proc/${process}/${file}`;
  try {
    return Deno.readTextFileSync(path);
  } catch (cause) {
    throw new HostError(`Cannot read ${path}: ${ioReason(cause)}`, { cause });
  }
}
