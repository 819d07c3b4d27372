import { findPath } from "syscalls/libc/paths.ts";
import { HostError } from "runtime/base/errors.ts";
import type { HostFacts } from "runtime/base/facts.ts";
import { systemBusAddress, userBusAddress } from "runtime/cgroups/systemd/bus_address.ts";
import { Manager } from "runtime/cgroups/systemd/manager.ts";
import { processInfo } from "runtime/host/process_info.ts";
import type { RecordedUnit } from "runtime/state/record.ts";

/** Where systemd keeps its state while it runs as process 1 (sd_booted(3)). */
const BOOTED = "/run/systemd/system";

/** @throws {HostError} where systemd is not what runs the host, in runc's words */
export function requireSystemd(): void {
  if (findPath(BOOTED) === 0) return;
  throw new HostError("systemd not running on this host, cannot use systemd cgroups manager");
}

/**
 * Whose units this caller may make: root of the host the system's, everybody else their own. Root of a user namespace is
 * somebody else where there is a user's bus; without one systemd itself may run in that namespace.
 */
export function managerFor({ euid, inUserNamespace }: HostFacts): RecordedUnit["manager"] {
  if (euid === 0 && (!inUserNamespace || userBus() === null)) return "system";
  return "user";
}

/** Nothing is said to it yet. */
export function managerOf(manager: RecordedUnit["manager"]): Manager {
  if (manager === "system") {
    return new Manager({ addresses: systemBusAddress(variable), isSystem: true });
  }
  const addresses = userBus();
  if (addresses !== null) return new Manager({ addresses, isSystem: false });
  throw new HostError(
    "Cannot connect to systemd: the bus of this user is not to be found; " +
      "hint: DBUS_SESSION_BUS_ADDRESS names it, or XDG_RUNTIME_DIR its folder (package dbus-user-session)",
  );
}

function userBus(): string | null {
  return userBusAddress(variable, (path) => findPath(path) === 0);
}

function variable(name: string): string | undefined {
  return processInfo().env(name);
}
