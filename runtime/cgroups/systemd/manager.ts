import { HostError } from "runtime/base/errors.ts";
import { PRIVATE_SOCKET, socketPaths } from "./bus_address.ts";
import { Bus, BusClosedError, BusError, connectFirst } from "./bus.ts";
import type { UnitProperty } from "./property.ts";
import { encodeProperty, variantValue } from "./wire.ts";

/** Where a service manager is reached. */
export interface ManagerAddress {
  /** D-Bus server addresses. */
  readonly addresses: string;
  /** Whether it also listens on a socket of its own, without a bus. */
  readonly isSystem: boolean;
}

/** How long systemd may take to start or stop a unit, in milliseconds (runc waits as long). */
const JOB_PATIENCE = 30_000;

/** How often a connection that has ended is made anew for the same call. */
const RECONNECTS = 3;

const SYSTEMD = "org.freedesktop.systemd1";
const MANAGER = {
  destination: SYSTEMD,
  path: "/org/freedesktop/systemd1",
  interface: `${SYSTEMD}.Manager`,
};
const BUS = {
  destination: "org.freedesktop.DBus",
  path: "/org/freedesktop/DBus",
  interface: "org.freedesktop.DBus",
};

/** Errors that say that a unit is not there any more. */
const NO_SUCH_UNIT = `${SYSTEMD}.NoSuchUnit`;

/** systemd's service manager (org.freedesktop.systemd1(5)); connected when it is first called. */
export class Manager implements Disposable {
  readonly #address: ManagerAddress;
  #bus: Bus | null = null;

  constructor(address: ManagerAddress) {
    this.#address = address;
  }

  /** `257`. */
  version(): number {
    const text = String(this.#property("Version"));
    return Number(/\d+/.exec(text)?.[0] ?? 0);
  }

  /** The cgroup that all units are below. */
  controlGroup(): string {
    return String(this.#property("ControlGroup"));
  }

  /**
   * Makes and starts a unit; returns when that is done. What fails leaves none.
   * @throws {HostError} also for one that exists, but for the remains of one that failed
   */
  start(unit: string, properties: readonly UnitProperty[]): void {
    const args = [unit, "replace", properties.map(encodeProperty), []];
    const attempt = (): string => this.#job("StartTransientUnit", "ssa(sv)a(sa(sv))", args);
    const result = this.#words(`start unit ${unit}`, () => {
      try {
        return attempt();
      } catch (cause) {
        if (!(cause instanceof BusError) || cause.code !== `${SYSTEMD}.UnitExists`) throw cause;
        // One that failed stays until somebody has taken note.
        this.#forget(unit);
        return attempt();
      }
    });
    if (result === "done") return;
    this.stop(unit);
    throw new HostError(`Cannot start unit ${unit}: ${result}`);
  }

  /**
   * Stops a unit, with every process in it, and forgets that it may have failed; also one that is not there.
   * @returns what went wrong, which is no reason to keep the container; null for nothing
   */
  stop(unit: string): string | null {
    let result = "done";
    try {
      result = this.#job("StopUnit", "ss", [unit, "replace"]);
    } catch (cause) {
      if (!(cause instanceof BusError)) throw cause;
      if (cause.code !== NO_SUCH_UNIT) result = said(cause);
    }
    this.#forget(unit);
    return result === "done" ? null : `Cannot stop unit ${unit}: ${result}`;
  }

  /** Changes properties of a unit until the machine's next start. */
  setProperties(unit: string, properties: readonly UnitProperty[]): void {
    const args = [unit, true, properties.map(encodeProperty)];
    this.#words(
      `set properties of unit ${unit}`,
      () => this.#call({ ...MANAGER, member: "SetUnitProperties", signature: "sba(sv)", args }),
    );
  }

  /**
   * Lets systemd move a process into a unit, which may do what its user may not.
   * @param inside a cgroup in the unit's, `/` for that itself
   */
  attach(unit: string, inside: string, pid: number): void {
    const args = [unit, inside, [pid]];
    this.#words(
      `attach process ${pid} to unit ${unit}`,
      () => this.#call({ ...MANAGER, member: "AttachProcessesToUnit", signature: "ssau", args }),
    );
  }

  [Symbol.dispose](): void {
    this.#bus?.[Symbol.dispose]();
    this.#bus = null;
  }

  /** Asks for a job and waits for its end: `done`, `failed`, `timeout` and the like. */
  #job(member: string, signature: string, args: readonly unknown[]): string {
    const [job] = this.#call({ ...MANAGER, member, signature, args });
    try {
      const ended = this.#connected().signal(
        (signal) => signal.member === "JobRemoved" && signal.args[1] === job,
        JOB_PATIENCE,
      );
      return ended === null ? "it is not done after 30 s" : String(ended.args[3]);
    } catch (cause) {
      if (!(cause instanceof BusClosedError)) throw cause;
      this[Symbol.dispose]();
      return "the connection to systemd has ended meanwhile";
    }
  }

  #forget(unit: string): void {
    try {
      this.#call({ ...MANAGER, member: "ResetFailedUnit", signature: "s", args: [unit] });
    } catch (cause) {
      // As a rule it has not failed, and is gone.
      if (!(cause instanceof BusError)) throw cause;
    }
  }

  #property(name: string): unknown {
    return this.#words(`read ${name} of systemd`, () => {
      const [value] = this.#call({
        ...MANAGER,
        interface: "org.freedesktop.DBus.Properties",
        member: "Get",
        signature: "ss",
        args: [MANAGER.interface, name],
      });
      return variantValue(value);
    });
  }

  /** Calls, over a new connection where the old one has ended meanwhile. */
  #call(call: Parameters<Bus["call"]>[0]): readonly unknown[] {
    for (let attempt = 1;; attempt++) {
      try {
        return this.#connected().call(call);
      } catch (cause) {
        if (!(cause instanceof BusClosedError)) throw cause;
        this[Symbol.dispose]();
        if (attempt > RECONNECTS) throw new HostError(cause.message, { cause });
      }
    }
  }

  #connected(): Bus {
    return this.#bus ??= connectManager(this.#address);
  }

  #words<Result>(what: string, work: () => Result): Result {
    try {
      return work();
    } catch (cause) {
      if (!(cause instanceof BusError)) throw cause;
      // Without the cause, whose words are in it.
      throw new HostError(`Cannot ${what}: ${said(cause)}`);
    }
  }
}

/** `org.freedesktop.systemd1.UnitExists (Unit x.scope already exists)`, as errnos are told. */
function said({ code, message }: BusError): string {
  return message === "" ? code : `${code} (${message.replace(/\.$/, "")})`;
}

function connectManager({ addresses, isSystem }: ManagerAddress): Bus {
  const found = firstOf([...socketPaths(addresses), ...isSystem ? [PRIVATE_SOCKET] : []]);
  const bus = new Bus(found.socket, found.path.replace("\0", "@"));
  try {
    if (found.path === PRIVATE_SOCKET) return bus;
    bus.call({ ...BUS, member: "Hello", signature: "", args: [] });
    const rule = `type='signal',interface='${MANAGER.interface}',member='JobRemoved'`;
    bus.call({ ...BUS, member: "AddMatch", signature: "s", args: [rule] });
    return bus;
  } catch (cause) {
    bus[Symbol.dispose]();
    throw cause;
  }
}

function firstOf(paths: readonly string[]): NonNullable<ReturnType<typeof connectFirst>> {
  const hint = "hint: is dbus installed, and its socket reachable?";
  try {
    const found = connectFirst(paths);
    if (found !== null) return found;
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause;
    throw new HostError(`Cannot connect to systemd: ${cause.message}; ${hint}`, { cause });
  }
  throw new HostError(`Cannot connect to systemd: its address names no Unix socket; ${hint}`);
}
