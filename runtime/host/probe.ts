import { HostError } from "runtime/base/errors.ts";
import type { HostFacts } from "runtime/base/facts.ts";
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
  return {
    arch: Deno.build.arch,
    kernel: parseRelease(Deno.osRelease()),
    euid: status.euid,
    inUserNamespace: inUserNamespace(),
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
export function parseStatus(status: string): { euid: number; capabilityBounds: bigint } {
  const [, euid] = /^Uid:\t\d+\t(\d+)/m.exec(status) ?? [];
  const [, bounds] = /^CapBnd:\t([0-9a-f]+)$/m.exec(status) ?? [];
  if (euid === undefined || bounds === undefined) {
    throw new HostError("Cannot read /proc/self/status: it has no Uid or no CapBnd");
  }
  return { euid: Number(euid), capabilityBounds: BigInt(`0x${bounds}`) };
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
