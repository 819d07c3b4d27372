import type { Fd, Pid } from "syscalls/abi/brand.ts";
import { ERRNO } from "syscalls/abi/errno.ts";
import { openFlags } from "syscalls/abi/open.ts";
import { SyscallError, type SyscallFailure } from "syscalls/abi/syscall_error.ts";
import { openFile } from "syscalls/libc/files.ts";
import { hostArch } from "syscalls/libc/library.ts";
import {
  addAddress,
  findLink,
  type LinkAddress,
  moveLink,
  permanentGlobalAddresses,
  setLinkUp,
} from "syscalls/libc/links.ts";
import { inNetworkNamespace } from "syscalls/libc/namespaces.ts";
import { RouteSocket } from "syscalls/libc/netlink.ts";
import type { OwnedFd } from "syscalls/libc/owned_fd.ts";
import type { ValidNetDevice } from "runtime/spec/valid.ts";

/** A network namespace, and a socket in it. Both keep it alive. */
interface Side {
  readonly socket: RouteSocket;
  readonly namespace: Fd;
}

/** A device on its way, with what is lost by the move: the kernel takes addresses off and the device down. */
interface Move {
  readonly device: ValidNetDevice;
  /** Its name inside: `name` may be a template. */
  readonly nameInside: string;
  readonly wasUp: boolean;
  readonly addresses: readonly LinkAddress[];
}

/**
 * The network devices of one container (`linux.netDevices`): in with them while its init waits, and back out when the container
 * could not be made. Those of a container that was made stay where they are (config-linux.md, "Network Devices").
 */
export class NetDevices implements Disposable {
  readonly #devices: readonly ValidNetDevice[];
  readonly #moves: Move[] = [];
  #open: { readonly files: DisposableStack; readonly host: Side; readonly inside: Side } | null =
    null;

  constructor(devices: readonly ValidNetDevice[]) {
    this.#devices = devices;
  }

  /** Opens both namespaces: while they are open, the init may end without taking the devices with it. */
  open(init: Pid): void {
    using stack = new DisposableStack();
    const own = stack.use(openNamespace("self"));
    const other = stack.use(openNamespace(String(init)));
    const host = { socket: stack.use(new RouteSocket()), namespace: own.fd };
    const there = inNetworkNamespace(other.fd, () => new RouteSocket());
    const inside = { socket: stack.use(there), namespace: other.fd };
    this.#open = { files: stack.move(), host, inside };
  }

  /**
   * Moves all devices into the init's network namespace, and brings them up there.
   * @throws {SyscallError} naming the device; `moveBack` undoes what was done
   */
  move(init: Pid): void {
    this.open(init);
    for (const device of this.#devices) {
      telling(device, () => this.#moveIn(device));
    }
  }

  #moveIn(device: ValidNetDevice): void {
    if (this.#open === null) return;
    const { host, inside } = this.#open;
    const link = findLink(host.socket, device.hostName);
    if (link === null) {
      throw refusal(ERRNO.ENODEV, "there is no network device of this name on the host");
    }
    const nameInside = freeName(inside.socket, device.name);
    // Read while it is up: the kernel takes IPv6 addresses off a device that goes down.
    const addresses = permanentGlobalAddresses(host.socket, link.index);
    this.#moves.push({ device, nameInside, wasUp: link.up, addresses });
    setLinkUp(host.socket, link.index, false);
    moveLink(host.socket, { index: link.index, name: nameInside, namespace: inside.namespace });
    arrive(inside.socket, nameInside, { addresses, up: true });
  }

  /** Gives the host back what was taken, as it was. Needs the namespaces to be open. */
  moveBack(): void {
    if (this.#open === null) return;
    const { host, inside } = this.#open;
    for (const { device, nameInside, wasUp, addresses } of this.#moves.splice(0).reverse()) {
      telling(device, () => {
        const { hostName } = device;
        // A rename that failed leaves it inside by its old name; a move that failed, outside.
        const away = findLink(inside.socket, nameInside) ?? findLink(inside.socket, hostName);
        if (away === null || findLink(host.socket, hostName) !== null) {
          return arrive(host.socket, hostName, { addresses: [], up: wasUp });
        }
        setLinkUp(inside.socket, away.index, false);
        const { namespace } = host;
        moveLink(inside.socket, { index: away.index, name: hostName, namespace });
        arrive(host.socket, hostName, { addresses, up: wasUp });
      });
    }
  }

  /** Closes the namespaces. */
  [Symbol.dispose](): void {
    this.#open?.files.dispose();
    this.#open = null;
  }
}

function openNamespace(process: string): OwnedFd {
  const path = process === "self" ? "/proc/thread-self/ns/net" : `/proc/${process}/ns/net`;
  return openFile(path, openFlags(hostArch()).of("O_RDONLY"));
}

/** Finishes a device that has come into a namespace. */
function arrive(
  socket: RouteSocket,
  name: string,
  { addresses, up }: { addresses: readonly LinkAddress[]; up: boolean },
): void {
  const link = findLink(socket, name);
  if (link === null) throw refusal(ERRNO.ENODEV, `it did not arrive as "${name}"`);
  for (const address of addresses) addAddress(socket, link.index, address);
  if (up) setLinkUp(socket, link.index, true);
}

/**
 * The name for a device in a namespace: `%d` is the first number that makes a name nobody has. Asked before anything is changed,
 * since the kernel moves a device first and then finds that its new name is taken.
 */
function freeName(socket: RouteSocket, name: string): string {
  if (!name.includes("%d")) {
    if (findLink(socket, name) === null) return name;
    throw refusal(ERRNO.EEXIST, `the container has a network device "${name}" already`);
  }
  for (let number = 0;; number++) {
    const candidate = name.replace("%d", String(number));
    if (findLink(socket, candidate) === null) return candidate;
  }
}

function refusal(errno: number, hint: string): SyscallError {
  return new SyscallError({ verb: "move", object: "network device", errno, hint });
}

/** Puts the device's name and place in config.json before the words of what failed. */
function telling(device: ValidNetDevice, action: () => void): void {
  try {
    action();
  } catch (cause) {
    if (!(cause instanceof SyscallError)) throw cause;
    const { verb, object, errno, hint } = cause.failure;
    const failure: SyscallFailure = {
      verb: "move",
      object: `network device "${device.hostName}" (${device.origin})`,
      errno,
    };
    const why = hint ?? (verb === "move" ? undefined : `could not ${verb} ${object}`);
    throw new SyscallError(why === undefined ? failure : { ...failure, hint: why });
  }
}
